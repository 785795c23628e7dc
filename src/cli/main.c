// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/sandbox.h"
#include "cli/cmd.h"

static const struct command *const commands[] = {
    &checkpoint_command,  &convert_command, &copy_command,    &pull_command,
    &restore_kit_command, &verify_command,  &inspect_command, &list_command,
    &watch_command,       &login_command,   &logout_command,
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *stream)
{
    fputs("Usage: ckptoci COMMAND [OPTIONS] ARGUMENTS\n\n"
          "Turns Kubernetes container checkpoints into OCI images.\n\n"
          "Commands:\n",
          stream);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "ckptoci COMMAND --help tells more of a command, ckptoci --version the version.\n\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage, 3 the archive was refused,\n"
          "4 not authorised, 130 interrupted.\n",
          stream);
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int show_help(const char *name)
{
    const struct command *command = name ? find_command(name) : NULL;

    if (command)
        options_print_help(command);
    else
        print_help(stdout);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const struct command *command;
    struct error error;

    sandbox_no_new_privileges();
    /* So that libarchive takes UTF-8 member names; nothing else here depends on the locale. */
    setlocale(LC_CTYPE, "C.UTF-8");
    /* A closed pipe or a file size limit is an error of the write, not the end of us. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    json_object_seed(0);

    if (argc < 2) {
        print_help(stderr);
        return error_exit_status(&(struct error){.kind = ERROR_USAGE});
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts(PACKAGE_STRING);
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return show_help(argc > 2 ? argv[2] : NULL);
    command = find_command(argv[1]);
    if (!command) {
        error_set(&error, ERROR_USAGE, "\"%s\" is no command", argv[1]);
        error_advice(&error, "see ckptoci --help");
        return cmd_fail(&error);
    }
    return cmd_run(command, argc - 1, argv + 1);
}
