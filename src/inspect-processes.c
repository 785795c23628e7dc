// SPDX-License-Identifier: Apache-2.0
#include "inspect-processes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "format.h"
#include "view.h"

void inspect_print_processes(const json_t *processes, bool shows_all)
{
    struct view_list list = {.shows_all = shows_all};
    json_t *process;
    size_t i;

    printf("\nProcesses (%zu)\n", json_array_size(processes));
    if (json_array_size(processes))
        puts("      PID    UID  STATE    COMMAND");
    json_array_foreach(processes, i, process)
    {
        const json_t *arguments = json_object_get(process, "arguments");
        uint64_t depth = view_number(process, "depth"), threads = view_number(process, "threads");
        const char *state = json_get_text(process, "state"), *name = json_get_text(process, "name");
        cleanup_free char *command =
            arguments ? format_arguments(arguments) : xasprintf("[%s]", name ? name : "?");

        if (!view_list_line(&list))
            continue;
        printf("  %7" PRIu64 "  ", view_number(process, "pid"));
        if (json_object_get(process, "uid"))
            printf("%5" PRIu64, view_number(process, "uid"));
        else
            printf("%5s", "?");
        printf("  %-7s  %*s", state ? state : "?", (int)(depth < 20 ? 2 * depth : 40), "");
        view_print(command);
        if (threads > 1)
            printf("  (%" PRIu64 " threads)", threads);
        putchar('\n');
    }
    view_list_end(&list);
}

/*
 * Many processes have the same environment and the same files. Calls print() once for each value of
 * part(process), behind a line with the processes that have it.
 */
static void print_groups(const json_t *processes, struct view_list *list,
                         json_t *(*part)(const json_t *process),
                         void (*print)(const json_t *part, struct view_list *list))
{
    json_t *parts = json_array(), *value, *process;
    size_t i, count = json_array_size(processes);
    bool *printed = xcalloc(count + 1, sizeof *printed);

    json_array_foreach(processes, i, process) json_array_append_new(parts, part(process));
    json_array_foreach(parts, i, value)
    {
        if (printed[i] || json_is_null(value) || !view_list_line(list))
            continue;
        printf("  PID %" PRIu64, view_number(json_array_get(processes, i), "pid"));
        for (size_t j = i + 1; j < count; j++) {
            if (printed[j] || !json_equal(value, json_array_get(parts, j)))
                continue;
            printed[j] = true;
            printf(", %" PRIu64, view_number(json_array_get(processes, j), "pid"));
        }
        putchar('\n');
        print(value, list);
    }
    free(printed);
    json_decref(parts);
}

/* A new reference, null if there is none. */
static json_t *environment_of(const json_t *process)
{
    json_t *environment = json_object_get(process, "environment");

    return environment ? json_incref(environment) : json_null();
}

static void print_variables(const json_t *variables, struct view_list *list)
{
    int width = 0;
    json_t *variable;
    size_t i;

    json_array_foreach(variables, i, variable)
    {
        int len = (int)json_string_length(json_object_get(variable, "name"));

        if (len > width && len <= VIEW_NAME_WIDTH_MAX)
            width = len;
    }
    json_array_foreach(variables, i, variable)
    {
        cleanup_free char *name = format_text(json_get_text(variable, "name"));
        const char *value = json_get_text(variable, "value");

        if (!view_list_line(list))
            continue;
        printf("    %-*s  ", width, name);
        if (value)
            view_print(value);
        else
            printf("(hidden, %" PRIu64 " byte%s)", view_number(variable, "bytes"),
                   view_number(variable, "bytes") == 1 ? "" : "s");
        putchar('\n');
    }
}

void inspect_print_environment(const json_t *report, bool shows_all)
{
    const json_t *processes = json_object_get(report, "processes");
    const json_t *configured =
        json_object_get(json_object_get(report, "configured"), "environment");
    const json_t *any = json_array_get(configured, 0);
    struct view_list list = {.shows_all = shows_all};

    for (size_t i = 0; !any && i < json_array_size(processes); i++)
        any = json_array_get(json_object_get(json_array_get(processes, i), "environment"), 0);
    printf("\nEnvironment%s\n",
           any && !json_object_get(any, "value") ? " (--show-secrets shows the values)" : "");
    print_groups(processes, &list, environment_of, print_variables);
    if (list.lines == 0 && json_array_size(configured)) {
        puts("  as configured");
        print_variables(configured, &list);
    }
    view_list_end(&list);
}

static json_t *files_of(const json_t *process)
{
    static const char *const keys[] = {"files", "working_directory", "root"};
    json_t *part = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(process, keys[i]))
            json_object_set(part, keys[i], json_object_get(process, keys[i]));
    if (json_object_size(part))
        return part;
    json_decref(part);
    return json_null();
}

static void print_file(const char *fd, const json_t *file)
{
    const char *protocol = json_get_text(file, "protocol"), *state = json_get_text(file, "state");
    const char *name = json_get_text(file, "name");

    printf("    %4s  %-8s  ", fd, json_get_text(file, "type"));
    if (protocol)
        printf("%s ", protocol);
    view_print(name ? name : "");
    if (state)
        printf(" (%s)", state);
    putchar('\n');
}

static void print_files(const json_t *part, struct view_list *list)
{
    const char *directory = json_get_text(part, "working_directory");
    const char *root = json_get_text(part, "root");
    json_t *file;
    size_t i;

    json_array_foreach(json_object_get(part, "files"), i, file)
    {
        cleanup_free char *fd = xasprintf("%" PRIu64, view_number(file, "fd"));

        if (view_list_line(list))
            print_file(fd, file);
    }
    if (!view_list_line(list))
        return;
    fputs("    working directory ", stdout);
    view_print(directory ? directory : "(not known)");
    if (root && strcmp(root, "/") != 0) {
        fputs(", root ", stdout);
        view_print(root);
    }
    putchar('\n');
}

void inspect_print_open_files(const json_t *report, bool shows_all)
{
    struct view_list list = {.shows_all = shows_all};

    puts("\nOpen files and sockets");
    print_groups(json_object_get(report, "processes"), &list, files_of, print_files);
    view_list_end(&list);
}
