// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include "base/log.h"
#include "convert-request.h"
#include "convert-view.h"
#include "findings-view.h"
#include "progress-view.h"
#include "task/convert.h"

enum option_id { OPTION_WINDOW };

static const struct option_spec options[] = {
    {"window", 0, "SIZE",
     "bytes kept for each registry to go on from when an upload from standard input breaks; "
     "default: 16M",
     OPTION_WINDOW},
    {0},
};

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct convert_request *request = context;
    int64_t window;

    if (id >= CONVERT_OPTION_FIRST)
        return convert_request_set(request, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_WINDOW:
        if (options_parse_size(value, 0, CONVERT_MAX_WINDOW_BYTES, &window, error) < 0)
            return -1;
        request->options.window_bytes = (size_t)window;
        break;
    }
    return 0;
}

static int parse_request(struct convert_request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first < 2) {
        error_set(error, ERROR_USAGE, "convert needs an archive and at least one destination");
        return error_advice(error, "see ckptoci convert --help");
    }
    request->options.archive = argv[first];
    for (int i = first + 1; i < argc; i++)
        if (convert_request_add_destination(request, argv[i], error) < 0)
            return -1;
    return convert_request_complete(request, error);
}

/* There is no image at all. Of an archive that was refused, scripts want to know why. */
static int fail(const struct convert_request *request, const struct convert_result *result,
                struct error *error)
{
    findings_view_advise(&result->findings, error);
    if (request->json && error->kind == ERROR_ARCHIVE)
        cmd_print_json(json_pack("{s:s, s:[], s:o, s:s*}", "archive", request->options.archive,
                                 "images", "findings", findings_json(&result->findings), "error",
                                 error->text));
    return cmd_fail(error);
}

/* Prints what was done; the exit status is that of the first destination that failed. */
static int report(const struct convert_request *request, const struct convert_result *result)
{
    struct error error = {0};
    int status;

    if (request->options.deadline_s > 0 && result->seconds > request->options.deadline_s)
        log_warning("%s took %.1f s, more than the %d s until the deadline",
                    request->options.archive, result->seconds, request->options.deadline_s);
    if (request->json)
        cmd_print_json(convert_view_json(result, request->options.archive));
    else
        convert_view_plain(result);
    status = cmd_flush();
    for (unsigned i = 0; i < result->delivery_count; i++)
        cmd_fail_first(&status, &result->deliveries[i].error);
    if (status == 0 && request->options.digestfile && result->image &&
        convert_view_write_digest(request->options.digestfile, &result->image->manifest.digest,
                                  &error) < 0)
        status = cmd_fail(&error);
    return status;
}

static int convert(const struct convert_request *request, struct cancel *cancel)
{
    cleanup(convert_result_done) struct convert_result result = {0};
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    struct error error = {0};
    int status = convert_run(&request->options, &result, &progress, cancel, &error);

    progress_view_free(view);
    findings_view_warn(&result.findings);
    return status < 0 ? fail(request, &result, &error) : report(request, &result);
}

static int run_convert(const struct command *command, int argc, char **argv)
{
    cleanup(convert_request_done) struct convert_request request = CONVERT_REQUEST_INIT;
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 ||
        !(cancel = cmd_start_with_deadline(request.options.deadline_s, &error)))
        return cmd_fail(&error);
    return convert(&request, cancel);
}

const struct command convert_command = {
    .name = "convert",
    .summary = "turn a checkpoint archive into an OCI image and push it",
    .arguments = "[OPTIONS] ARCHIVE DESTINATION...",
    .details = "Turns a checkpoint archive into an OCI image at each of the destinations, in one\n"
               "pass. The archive becomes the image's layer, byte for byte.\n\n"
               "ARCHIVE is a file, or - for standard input: " CODEC_ARCHIVES ".\n"
               "DESTINATION is one of\n"
               "  docker://HOST[:PORT]/NAME[:TAG]   a registry; docker:// may be left out\n"
               "  oci:DIRECTORY[:TAG]               an OCI image layout, created or added to\n"
               "  oci-archive:FILE[:TAG]            a tar file of an OCI image layout\n\n"
               "Prints a line for each destination: its name and the manifest's digest.",
    .options = options,
    .shared = convert_option_specs,
    .also_shared = registry_option_specs,
    .run = run_convert,
};
