// SPDX-License-Identifier: Apache-2.0
#include "watch/conversion.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "watch/template.h"

enum {
    ARGUMENTS_OF_OURS = 9,
    LIST_ARGUMENTS = 7,               /* at the most */
    LIST_TIMEOUT_MS = 10 * 60 * 1000, /* a compressed archive is read to its end, if need be */
};

/* This very program, even when another one has been installed since. */
static const char program[] = "/proc/self/exe";

/* The path behind it is a name only: to be shown, and for what it says of the archive. */
static char from_stdin[] = "--from-stdin";

static int start_child(struct conversion *conversion, char *const *argv, int64_t timeout_ms,
                       struct error *error)
{
    const struct child_options options = {
        .argv = argv,
        .program = program,
        .input_fd = conversion->fd >= 0 ? conversion->fd : 0,
        .timeout_ms = timeout_ms,
    };

    child_free(conversion->child);
    conversion->child = NULL;
    return child_start(&conversion->child, &options, error);
}

static char *path_of(const struct conversion *conversion)
{
    return xasprintf("%s/%s", conversion->options->directory, conversion->archive->name);
}

/* The one of convert's options that list has, too; the last one counts. NULL: not given. */
static char *find_max_unpacked(char *const *options)
{
    static const char begin[] = "--max-unpacked=";
    char *found = NULL;

    for (; *options; options++)
        if (strncmp(*options, begin, sizeof begin - 1) == 0)
            found = *options;
    return found;
}

static int start_list(struct conversion *conversion, struct error *error)
{
    cleanup_free char *path = path_of(conversion);
    char name[] = "ckptoci", command[] = "list", json[] = "--json", end[] = "--";
    char *argv[LIST_ARGUMENTS + 1] = {name, command, json, from_stdin};
    size_t count = 4;

    if (find_max_unpacked(conversion->options->convert_options))
        argv[count++] = find_max_unpacked(conversion->options->convert_options);
    argv[count++] = end;
    argv[count] = path;

    return start_child(conversion, argv, LIST_TIMEOUT_MS, error);
}

static int start_convert(struct conversion *conversion, const char *path, const char *reference,
                         struct error *error)
{
    char name[] = "ckptoci", command[] = "convert", json[] = "--json", quiet[] = "--quiet",
         end[] = "--";
    char *const *more = conversion->options->convert_options;
    cleanup_free char **argv = NULL;
    size_t count = 0, more_count = 0;

    while (more[more_count])
        more_count++;
    argv = xcalloc(more_count + ARGUMENTS_OF_OURS, sizeof *argv);
    argv[count++] = name;
    argv[count++] = command;
    argv[count++] = json;
    argv[count++] = quiet;
    argv[count++] = from_stdin;
    for (size_t i = 0; i < more_count; i++)
        argv[count++] = more[i];
    argv[count++] = end;
    argv[count++] = (char *)(uintptr_t)path;
    argv[count] = (char *)(uintptr_t)reference;
    conversion->has_begun_to_push = true;
    return start_child(conversion, argv, conversion->options->timeout_ms, error);
}

/* An archive that is none, for a place where nothing can be: what is wrong with the options is
 * found before that. */
int conversion_check_options(const struct conversion_options *options, struct error *error)
{
    cleanup(conversion_freep) struct conversion *conversion = NEW(struct conversion);
    struct outcome outcome;

    conversion->fd = -1;
    conversion->options = options;
    if (start_convert(conversion, "/dev/null", "oci:/dev/null/none", error))
        return -1;
    while (!conversion->child->is_over) {
        struct pollfd fds[CHILD_POLL_FDS];

        child_poll(conversion->child, fds);
        if (poll(fds, CHILD_POLL_FDS, -1) > 0)
            child_serve(conversion->child, fds);
    }
    outcome_of_convert(&outcome, conversion->child);
    if (outcome.kind == OUTCOME_IMPOSSIBLE)
        return error_set(error, ERROR_USAGE, "%s", outcome.text);
    if (outcome.kind == OUTCOME_CRASHED)
        return error_set(error, ERROR_FAILED, "run ckptoci convert: %s", outcome.text);
    return 0;
}

struct conversion *conversion_start(const struct conversion_options *options,
                                    struct archive *archive, int fd, struct error *error)
{
    cleanup(conversion_freep) struct conversion *conversion = NEW(struct conversion);

    conversion->fd = fd;
    conversion->options = options;
    conversion->archive = archive;
    conversion->identity = archive->identity;
    conversion->started_ms = clock_monotonic_ms();
    if (start_list(conversion, error))
        return NULL;
    return steal(conversion);
}

static void fail(struct outcome *outcome, enum outcome_kind kind, const struct error *error)
{
    *outcome = (struct outcome){.kind = kind};
    snprintf(outcome->text, sizeof outcome->text, "%s", error->text);
}

/* Now that the archive's names are known. */
static bool begin_to_push(struct conversion *conversion, struct outcome *outcome)
{
    const struct conversion_options *options = conversion->options;
    cleanup_free char *path = path_of(conversion);
    struct error error = {0};

    if (template_expand(options->template, options->node, conversion->archive,
                        &conversion->reference, &error)) {
        fail(outcome, OUTCOME_IMPOSSIBLE, &error);
        return true;
    }
    archive_set_text(&conversion->archive->reference, conversion->reference);
    if (start_convert(conversion, path, conversion->reference, &error)) {
        fail(outcome, OUTCOME_FAILED, &error);
        return true;
    }
    return false;
}

bool conversion_advance(struct conversion *conversion, struct outcome *outcome)
{
    if (conversion->has_begun_to_push) {
        outcome_of_convert(outcome, conversion->child);
        return true;
    }
    outcome_of_list(outcome, conversion->child, conversion->archive);
    return outcome->kind != OUTCOME_DONE || begin_to_push(conversion, outcome);
}

void conversion_free(struct conversion *conversion)
{
    if (!conversion)
        return;
    child_free(conversion->child);
    closep(&conversion->fd);
    free(conversion->reference);
    free(conversion);
}
