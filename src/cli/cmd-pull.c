// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/utf8.h"
#include "cli/progress-view.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "task/pull.h"

struct request {
    struct pull_options pull;
    struct destination image;
    const char *archive;
    bool json, quiet;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"force", 'f', NULL, "replace ARCHIVE if it exists", OPTION_FLAG(pull.may_replace)},
    {JSON_OPTION(json)},
    {"keep-compression", 0, NULL,
     "write the layer's blob as it is, else it is decompressed to the archive",
     OPTION_FLAG(pull.keeps_compression)},
    {PLATFORM_OPTION(pull.platform)},
    {QUIET_OPTION(quiet)},
    {0},
};

/* Standard output is for the archive then, and not for anything else. */
static int check_standard_output(const struct request *request, struct error *error)
{
    if (request->json)
        return error_set(error, ERROR_USAGE,
                         "the archive and the result of --json cannot both go to standard output; "
                         "name a file for the archive");
    if (isatty(STDOUT_FILENO))
        return error_set(error, ERROR_USAGE,
                         "the archive does not go to a terminal; name a file or redirect standard "
                         "output");
    return 0;
}

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;
    struct pull_options *pull = &request->pull;

    if (subject_is_archive(line->arguments[0]) && subject_is_image(line->arguments[1])) {
        error_set(error, ERROR_USAGE, "the arguments look swapped: %s is a file, %s an image",
                  line->arguments[0], line->arguments[1]);
        return error_advice(error,
                            "to pull, the image is named first: ckptoci pull %s %s; to make the "
                            "image: ckptoci convert %s %s",
                            line->arguments[1], line->arguments[0], line->arguments[0],
                            line->arguments[1]);
    }
    if (destination_parse_source(&request->image, line->arguments[0], error))
        return -1;
    request->archive = line->arguments[1];
    pull->image = &request->image;
    pull->output_fd = STDOUT_FILENO;
    pull->path = strcmp(request->archive, "-") == 0 ? NULL : request->archive;
    return pull->path ? 0 : check_standard_output(request, error);
}

static void print_json(const struct request *request, const struct pull_result *result)
{
    json_t *report =
        json_pack("{s:o, s:o, s:{s:s}, s:{s:s, s:s, s:I, s:s, s:I}, s:f}", "archive",
                  utf8_text(request->archive), "image", utf8_text(request->image.name), "manifest",
                  "digest", result->manifest.text, "layer", "mediaType", result->layer_media_type,
                  "digest", result->layer.text, "size", (json_int_t)result->layer_size, "diff_id",
                  result->diff_id.text, "uncompressed_size", (json_int_t)result->archive_size,
                  "seconds", result->seconds);

    cmd_print_json(report, NULL);
}

/* The line is one that `sha256sum --check` reads. */
static void print_result(const struct request *request, const struct pull_result *result)
{
    const struct digest *written =
        request->pull.keeps_compression ? &result->layer : &result->diff_id;

    if (!request->pull.path)
        return;
    if (request->json)
        print_json(request, result);
    else
        view_line("%s  %s", digest_hex(written), request->archive);
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    const struct request *request = context;
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, PROGRESS_PULLS, request->quiet);
    struct pull_result result;
    int status = pull_run(&request->pull, &result, &progress, cancel, error);

    progress_view_free(view);
    if (status == 0)
        print_result(request, &result);
    return status;
}

static void done(void *context)
{
    struct request *request = context;

    option_platform_done(&request->pull.platform);
    destination_done(&request->image);
    registry_options_done(&request->pull.registry);
}

static const struct request defaults = {.pull = {.registry = REGISTRY_OPTIONS_INIT}};

const struct command pull_command = {
    .name = "pull",
    .summary = "get the archive back out of a checkpoint image",
    .arguments = "[OPTIONS] IMAGE ARCHIVE",
    .details = "Writes the archive that a checkpoint image was made of, byte for byte, after\n"
               "checking every digest on the way.\n\n" IMAGE_HELP
               "ARCHIVE is a file, which only appears when it is complete, or - for standard\n"
               "output: there a failure shows in the exit status alone.\n\n"
               "Prints the SHA-256 and the name of what was written, as sha256sum does.",
    .needs = "pull needs an image and the archive to write",
    .min_arguments = 2,
    .max_arguments = 2,
    .options = options,
    .shared = {{registry_option_specs, offsetof(struct request, pull.registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
