// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "inspect/list.h"

struct request {
    const char *directory;
    uint64_t max_unpacked_bytes;
    bool from_stdin, json;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {FROM_STDIN_OPTION(from_stdin)},
    {"json", 0, NULL, "print the list as JSON", OPTION_FLAG(json)},
    {MAX_UNPACKED_OPTION(max_unpacked_bytes)},
    {0},
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

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;

    if (request->from_stdin && !line->arguments[0])
        return error_set(error, ERROR_USAGE, "--from-stdin needs a name for the archive");
    request->directory = line->arguments[0] ? line->arguments[0] : LIST_DEFAULT_DIRECTORY;
    return option_check_standard_input(request->directory, request->from_stdin, error);
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    const struct request *request = context;
    json_t *archives;

    if (list_run(request->directory, request->from_stdin, request->max_unpacked_bytes, &archives,
                 cancel, error))
        return -1;
    if (request->json) {
        cmd_print_json(archives);
    } else {
        print_table(archives, request->directory);
        json_decref(archives);
    }
    return 0;
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
    .needs = "list takes one directory or archive",
    .max_arguments = 1,
    .options = options,
    .request_size = sizeof(struct request),
    .prepare = prepare,
    .run = run,
};
