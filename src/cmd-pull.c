// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "progress-view.h"
#include "registry-request.h"
#include "task/pull.h"

enum option_id {
    OPTION_FORCE,
    OPTION_JSON,
    OPTION_KEEP_COMPRESSION,
    OPTION_PLATFORM,
    OPTION_QUIET,
};

static const struct option_spec options[] = {
    {"force", 'f', NULL, "replace ARCHIVE if it exists", OPTION_FORCE},
    {"json", 0, NULL, "print the result as JSON", OPTION_JSON},
    {"keep-compression", 0, NULL,
     "write the layer's blob as it is, else it is decompressed to the archive",
     OPTION_KEEP_COMPRESSION},
    {"platform", 0, "OS/ARCH[/VARIANT]",
     "which image of an index, as in linux/arm64; default: that of this machine", OPTION_PLATFORM},
    {"quiet", 'q', NULL, "show no progress", OPTION_QUIET},
    {0},
};

struct request {
    struct pull_options pull;
    struct destination image;
    struct registry_request registry;
    const char *archive;
    bool json, quiet;
};

static void request_done(struct request *request)
{
    free((char *)(uintptr_t)request->pull.platform.os);
    destination_done(&request->image);
    registry_request_done(&request->registry);
}

static int set_platform(struct pull_options *pull, const char *value, struct error *error)
{
    struct platform platform;

    if (platform_parse(&platform, value, error))
        return -1;
    free((char *)(uintptr_t)pull->platform.os);
    pull->platform = platform;
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_FORCE:
        request->pull.may_replace = true;
        break;
    case OPTION_JSON:
        request->json = true;
        break;
    case OPTION_KEEP_COMPRESSION:
        request->pull.keeps_compression = true;
        break;
    case OPTION_PLATFORM:
        return set_platform(&request->pull, value, error);
    case OPTION_QUIET:
        request->quiet = true;
        break;
    }
    return 0;
}

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

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    struct pull_options *pull = &request->pull;
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != 2) {
        error_set(error, ERROR_USAGE, "pull needs an image and the archive to write");
        return error_advice(error, "see ckptoci pull --help");
    }
    if (destination_parse_source(&request->image, argv[first], error))
        return -1;
    request->archive = argv[first + 1];
    pull->image = &request->image;
    pull->output_fd = STDOUT_FILENO;
    pull->path = strcmp(request->archive, "-") == 0 ? NULL : request->archive;
    pull->registry = request->registry.options;
    return pull->path ? 0 : check_standard_output(request, error);
}

static void print_json(const struct request *request, const struct pull_result *result)
{
    json_t *report =
        json_pack("{s:s, s:s, s:{s:s}, s:{s:s, s:s, s:I, s:s, s:I}, s:f}", "archive",
                  request->archive, "image", request->image.name, "manifest", "digest",
                  result->manifest.text, "layer", "mediaType", result->layer_media_type, "digest",
                  result->layer.text, "size", (json_int_t)result->layer_size, "diff_id",
                  result->diff_id.text, "uncompressed_size", (json_int_t)result->archive_size,
                  "seconds", result->seconds);

    cmd_print_json(report);
}

/* The line is one that `sha256sum --check` reads. */
static int report(const struct request *request, const struct pull_result *result)
{
    const struct digest *written =
        request->pull.keeps_compression ? &result->layer : &result->diff_id;

    if (!request->pull.path)
        return 0;
    if (request->json)
        print_json(request, result);
    else
        printf("%s  %s\n", digest_hex(written), request->archive);
    return cmd_flush();
}

static int pull(const struct request *request, struct cancel *cancel)
{
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    struct pull_result result;
    struct error error = {0};
    int status = pull_run(&request->pull, &result, &progress, cancel, &error);

    progress_view_free(view);
    return status < 0 ? cmd_fail(&error) : report(request, &result);
}

static int run_pull(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.registry = REGISTRY_REQUEST_INIT};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)))
        return cmd_fail(&error);
    return pull(&request, cancel);
}

const struct command pull_command = {
    .name = "pull",
    .summary = "get the archive back out of a checkpoint image",
    .arguments = "[OPTIONS] IMAGE ARCHIVE",
    .details =
        "Writes the archive that a checkpoint image was made of, byte for byte, after\n"
        "checking every digest on the way.\n\n"
        "IMAGE is one of\n"
        "  docker://HOST[:PORT]/NAME[:TAG][@DIGEST]   a registry; docker:// may be left out\n"
        "  oci:DIRECTORY[:TAG][@DIGEST]               an OCI image layout\n"
        "  oci-archive:FILE[:TAG][@DIGEST]            a tar file of an OCI image layout\n"
        "ARCHIVE is a file, which only appears when it is complete, or - for standard\n"
        "output: there a failure shows in the exit status alone.\n\n"
        "Prints the SHA-256 and the name of what was written, as sha256sum does.",
    .options = options,
    .shared = registry_option_specs,
    .run = run_pull,
};
