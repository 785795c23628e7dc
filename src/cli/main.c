// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "cli/cmd.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "cli/progress-view.h"
#include "registry/registry.h"

/* --json was given and no document has been printed. Whoever makes it false prints one. */
static atomic_bool json_is_owed;

struct signal_thread {
    sigset_t signals;
    struct cancel *cancel;
};

/* A SIGTERM is deferred until then; on the monotonic clock. Set before there are threads. */
static int64_t sigterm_deadline_ms;

/* Until another signal comes, or the deadline. */
static void wait_until_deadline(const struct signal_thread *thread)
{
    struct timespec left;
    int64_t left_ms;

    do {
        left_ms = sigterm_deadline_ms - clock_monotonic_ms();
        left = (struct timespec){.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
    } while (left_ms > 0 && sigtimedwait(&thread->signals, NULL, &left) < 0 && errno == EINTR);
}

static void *wait_for_signals(void *argument)
{
    struct signal_thread *thread = argument;
    struct error error;
    int signal;

    sandbox_seal_thread();
    sigwait(&thread->signals, &signal);
    if (signal == SIGTERM && clock_monotonic_ms() < sigterm_deadline_ms) {
        log_warning("told to end: going on until the deadline; a second signal interrupts");
        wait_until_deadline(thread);
    }
    cancel_trigger(thread->cancel);
    sigwait(&thread->signals, &signal);
    if (atomic_load(&json_is_owed)) {
        cancel_check(thread->cancel, &error);
        cmd_print_json(json_object(), &error);
        fflush(stdout);
    }
    _exit(130);
}

static void cancel_on_signals(struct cancel *cancel)
{
    static struct signal_thread thread;
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    pthread_t id;

    thread.cancel = cancel;
    sigemptyset(&thread.signals);
    /* What whoever has started us wants to be ignored (nohup, a shell that starts a job in the
     * background) stays ignored; a blocked signal would be kept for sigwait() all the same. */
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&thread.signals, ends[i]);
    pthread_sigmask(SIG_BLOCK, &thread.signals, NULL);
    if (pthread_create(&id, NULL, wait_for_signals, &thread) != 0)
        abort();
    pthread_detach(id);
}

void cmd_defer_sigterm(int seconds)
{
    sigterm_deadline_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
}

/* Warnings go around the progress bar from here on, signals trigger the cancel, libcurl is ready.
 * NULL: *error says why not. */
static struct cancel *start(struct error *error)
{
    struct cancel *cancel = cancel_new();

    log_set_writer(progress_view_warn);
    log_set_retry_writer(progress_view_retry);
    cancel_on_signals(cancel);
    return registry_global_init(error) < 0 ? NULL : cancel;
}

int cmd_fail(const struct error *error)
{
    fprintf(stderr, "ckptoci: %s\n", error->text);
    return error_exit_status(error);
}

void cmd_fail_first(int *status, const struct error *error)
{
    if (error->kind == ERROR_NONE)
        return;
    if (*status == EXIT_SUCCESS)
        *status = error_exit_status(error);
    cmd_fail(error);
}

void cmd_note_failure(struct error *first, const struct error *error)
{
    if (first->kind == ERROR_NONE && error->kind != ERROR_NONE)
        *first = *error;
}

/* Why a report could not be written, which standard output does not keep; 0: it could. */
static int output_errno;

void cmd_print_json(json_t *report, const struct error *error)
{
    cleanup_free char *text = NULL;

    if (error && error->kind != ERROR_NONE) {
        json_set_text(report, "error", error->text);
        json_object_set_new(report, "exit_status", json_integer(error_exit_status(error)));
    }
    text = json_show(report, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(report);
    if (!atomic_exchange(&json_is_owed, false))
        return;
    if (puts(text) < 0)
        output_errno = errno;
}

int cmd_flush(void)
{
    struct error error;

    /* What did not fit into a buffer may have failed before, and the flush of the rest not. */
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    error_set_errno(&error,
                    errno          ? errno
                    : output_errno ? output_errno
                                   : EIO,
                    "write the result to standard output");
    return cmd_fail(&error);
}

/* Nothing has been printed, or not all of it; the exit status. */
static int fail(const struct error *error)
{
    if (atomic_load(&json_is_owed)) {
        cmd_print_json(json_object(), error);
        fflush(stdout);
    }
    return cmd_fail(error);
}

/* From the command line to the exit status; argv[0] is the command's name. */
static int run_command(const struct command *command, int argc, char **argv)
{
    cleanup_free void *request = xcalloc(1, command->request_size);
    struct command_line line = {0};
    struct cancel *cancel;
    struct error error = {0};
    int status = -1;

    atomic_store(&json_is_owed, options_ask_for(command, argc, argv, "json"));
    if (command->defaults)
        memcpy(request, command->defaults, command->request_size);
    if (options_parse(command, argc, argv, request, &line, &error) == 0 &&
        command->prepare(request, &line, &error) == 0 && (cancel = start(&error)))
        status = command->run(request, cancel, &error);
    if (status < 0)
        status = fail(&error);
    else if (status == EXIT_SUCCESS)
        status = cmd_flush();
    if (command->done)
        command->done(request);
    free(line.given);
    return status;
}

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
          "4 not authorised, 5 the engine does not restore it, 130 interrupted.\n",
          stream);
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {0};
    struct error error;

    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    error_set(&error, ERROR_USAGE, "\"%s\" is no command", name);
    if (!nearest_find(name, names))
        error_advice(&error, "see ckptoci --help");
    nearest_advise(&error, name, names, "");
    return fail(&error);
}

static int show_help(const char *name)
{
    const struct command *command = name ? find_command(name) : NULL;

    if (name && !command && *name != '-')
        return unknown_command(name);
    if (command)
        options_print_help(command);
    else
        print_help(stdout);
    return cmd_flush();
}

int main(int argc, char **argv)
{
    const struct command *command;

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
        return cmd_flush();
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return show_help(argc > 2 ? argv[2] : NULL);
    command = find_command(argv[1]);
    if (!command) {
        atomic_store(&json_is_owed, text_is_among("--json", (const char *const *)argv));
        return unknown_command(argv[1]);
    }
    return run_command(command, argc - 1, argv + 1);
}
