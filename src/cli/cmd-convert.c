// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include "base/error.h"
#include "base/utf8.h"
#include "cli/convert-shared.h"
#include "cli/progress-view.h"
#include "cli/view.h"
#include "convert/convert.h"

#define OPTION_OWNER struct convert_request
static const struct option_spec options[] = {
    {FROM_STDIN_OPTION(options.from_stdin)},
    {"window", 0, "SIZE",
     "bytes kept for each registry to go on from when an upload from standard input breaks; "
     "default: 16M",
     OPTION_SIZE(options.window_bytes, 0, CONVERT_MAX_WINDOW_BYTES)},
    {0},
};

/* An image is read, or an archive written, only where the two were taken for each other. */
static int check_order(const struct command_line *line, struct error *error)
{
    const char *first = line->arguments[0], *last = line->arguments[line->argument_count - 1];

    if (!subject_is_image(first))
        return 0;
    if (subject_is_archive(last)) {
        error_set(error, ERROR_USAGE, "the arguments look swapped: %s is an image, %s a file",
                  first, last);
        return error_advice(error,
                            "to convert, the archive is named first: ckptoci convert %s %s; to get "
                            "it out of the image: ckptoci pull %s %s",
                            last, first, first, last);
    }
    error_set(error, ERROR_USAGE, "%s is an image, not a checkpoint archive", first);
    return error_advice(error, "name a file first, or copy images with ckptoci copy");
}

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct convert_request *request = context;

    if (check_order(line, error) ||
        option_check_standard_input(line->arguments[0], request->options.from_stdin, error))
        return -1;
    request->options.archive = line->arguments[0];
    for (int i = 1; i < line->argument_count; i++)
        if (convert_request_add_destination(request, line->arguments[i], error) < 0)
            return -1;
    cmd_defer_sigterm(request->options.deadline_s);
    return convert_request_complete(request, error);
}

/* There is no image at all. Scripts want to know why, and what was found so far. */
static void explain(const struct convert_request *request, const struct convert_result *result,
                    struct error *error)
{
    view_advise(&result->findings, error);
    if (request->json)
        cmd_print_json(json_pack("{s:o, s:[], s:o}", "archive", utf8_text(request->options.archive),
                                 "images", "findings", findings_json(&result->findings)),
                       error);
}

/* Prints what was done; the exit status is that of the first destination that failed. */
static int report(const struct convert_request *request, const struct convert_result *result)
{
    struct error error = {0}, unwritten = {0};
    int status;

    for (unsigned i = 0; i < result->delivery_count; i++)
        cmd_note_failure(&error, &result->deliveries[i].error);
    if (error.kind == ERROR_NONE && request->options.digestfile && result->image &&
        convert_view_write_digest(request->options.digestfile, &result->image->manifest.digest,
                                  &unwritten) < 0)
        error = unwritten;
    if (request->options.deadline_s > 0 && result->seconds > request->options.deadline_s)
        log_warning("%s took %.1f s, more than the %d s until the deadline",
                    request->options.archive, result->seconds, request->options.deadline_s);
    if (request->json)
        cmd_print_json(convert_view_json(result, request->options.archive), &error);
    else
        convert_view_plain(result);
    status = cmd_flush();
    for (unsigned i = 0; i < result->delivery_count; i++)
        cmd_fail_first(&status, &result->deliveries[i].error);
    cmd_fail_first(&status, &unwritten);
    return status;
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    cleanup(convert_result_done) struct convert_result result = {0};
    const struct convert_request *request = context;
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, PROGRESS_SENDS, request->quiet);
    int status = convert_run(&request->options, &result, &progress, cancel, error);

    progress_view_free(view);
    view_warnings(&result.findings, request->options.archive);
    if (status == 0)
        return report(request, &result);
    explain(request, &result, error);
    return -1;
}

static void done(void *context)
{
    convert_request_done(context);
}

static const struct convert_request defaults = CONVERT_REQUEST_INIT;

const struct command convert_command = {
    .name = "convert",
    .summary = "turn a checkpoint archive into an OCI image and push it",
    .arguments = "[OPTIONS] ARCHIVE DESTINATION...",
    .details = "Turns a checkpoint archive into an OCI image at each of the destinations, in one\n"
               "pass. The archive becomes the image's layer, byte for byte.\n\n" ARCHIVE_HELP
               "DESTINATION is one of\n" PLACE_HELP "\n"
               "Prints a line for each destination: its name and the manifest's digest.",
    .needs = "convert needs an archive and at least one destination",
    .min_arguments = 2,
    .options = options,
    .shared = {{convert_option_specs, 0},
               {registry_option_specs, offsetof(struct convert_request, options.registry)}},
    .request_size = sizeof(struct convert_request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
