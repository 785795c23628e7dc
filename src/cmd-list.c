// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/memory.h"
#include "format.h"
#include "task/list.h"

enum option_id { OPTION_JSON };

static const struct option_spec options[] = {
    {"json", 0, NULL, "print the list as JSON", OPTION_JSON},
    {0},
};

struct request {
    const char *directory;
    bool json;
};

static const struct column {
    const char *title, *key;
} columns[] = {
    {"CONTAINER", "container"},
    {"POD", "pod"},
    {"NAMESPACE", "namespace"},
    {"ENGINE", "engine"},
    {"CHECKPOINTED", "checkpointed"},
    {"SIZE", "size"},
    {"IMAGE", "image"},
    {"PATH", "path"},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

/* What stands in a cell; the caller's. */
static char *cell(const json_t *archive, const struct column *column)
{
    const json_t *value = json_object_get(archive, column->key);

    if (json_is_integer(value))
        return format_bytes((uint64_t)json_integer_value(value));
    return value ? format_text(json_string_value(value)) : xstrdup("-");
}

static void print_line(char *const cells[COLUMN_COUNT], const int widths[COLUMN_COUNT])
{
    for (int i = 0; i < COLUMN_COUNT - 1; i++)
        printf("%-*s  ", widths[i], cells[i]);
    puts(cells[COLUMN_COUNT - 1]);
}

static void measure(const json_t *archives, int widths[COLUMN_COUNT])
{
    json_t *archive;
    size_t index;

    for (int i = 0; i < COLUMN_COUNT; i++)
        widths[i] = (int)strlen(columns[i].title);
    json_array_foreach(archives, index, archive)
    {
        for (int i = 0; i < COLUMN_COUNT && !json_object_get(archive, "error"); i++) {
            cleanup_free char *text = cell(archive, &columns[i]);
            int len = (int)strlen(text);

            if (len > widths[i])
                widths[i] = len;
        }
    }
}

static void print_readable(const json_t *archives)
{
    char *cells[COLUMN_COUNT];
    int widths[COLUMN_COUNT];
    json_t *archive;
    size_t index;

    measure(archives, widths);
    for (int i = 0; i < COLUMN_COUNT; i++)
        cells[i] = xstrdup(columns[i].title);
    print_line(cells, widths);
    for (int i = 0; i < COLUMN_COUNT; i++)
        free(cells[i]);
    json_array_foreach(archives, index, archive)
    {
        if (json_object_get(archive, "error"))
            continue;
        for (int i = 0; i < COLUMN_COUNT; i++)
            cells[i] = cell(archive, &columns[i]);
        print_line(cells, widths);
        for (int i = 0; i < COLUMN_COUNT; i++)
            free(cells[i]);
    }
}

static void print_unreadable(const json_t *archives, bool after_others)
{
    bool first = true;
    json_t *archive;
    size_t index;

    json_array_foreach(archives, index, archive)
    {
        cleanup_free char *path = format_text(json_get_text(archive, "path"));
        cleanup_free char *text = format_text(json_get_text(archive, "error"));

        if (!json_object_get(archive, "error"))
            continue;
        if (first)
            printf("%sNo checkpoint that could be read:\n", after_others ? "\n" : "");
        first = false;
        printf("  %s: %s\n", path, text);
    }
}

static void print_table(const json_t *archives, const char *directory)
{
    const json_t *first = json_array_get(archives, 0);
    bool any = first && !json_object_get(first, "error");
    cleanup_free char *safe = format_text(directory);

    if (!first)
        printf("There is no checkpoint in %s.\n", safe);
    if (any)
        print_readable(archives);
    print_unreadable(archives, any);
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;

    (void)value;
    (void)error;
    request->json = request->json || id == OPTION_JSON;
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first > 1) {
        error_set(error, ERROR_USAGE, "list takes one directory or archive");
        return error_advice(error, "see ckptoci list --help");
    }
    request->directory = argc > first ? argv[first] : LIST_DEFAULT_DIRECTORY;
    return 0;
}

static int run_list(const struct command *command, int argc, char **argv)
{
    struct request request = {0};
    struct cancel *cancel;
    struct error error = {0};
    json_t *archives;

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)) ||
        list_run(request.directory, &archives, cancel, &error))
        return cmd_fail(&error);
    if (request.json) {
        cmd_print_json(archives);
    } else {
        print_table(archives, request.directory);
        json_decref(archives);
    }
    return cmd_flush();
}

const struct command list_command = {
    .name = "list",
    .summary = "list the checkpoint archives in a directory",
    .arguments = "[OPTIONS] [DIRECTORY|ARCHIVE]",
    .details =
        "Lists the checkpoint archives in DIRECTORY, the newest first; "
        "default:\n" LIST_DEFAULT_DIRECTORY ", where the kubelet puts them. Files count whose\n"
        "name begins with checkpoint- or ends as archives do. Those that cannot be read\n"
        "follow with the reason. Of an ARCHIVE there is only its own line.",
    .options = options,
    .run = run_list,
};
