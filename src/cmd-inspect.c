// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdint.h>
#include <stdio.h>

#include "inspect-view.h"
#include "progress-view.h"
#include "registry-request.h"
#include "stream/codec.h"
#include "task/inspect.h"

enum option_id {
    OPTION_ALL,
    OPTION_JSON,
    OPTION_PLATFORM,
    OPTION_QUIET,
    OPTION_SHOW_SECRETS,
};

static const struct option_spec options[] = {
    {"all", 'a', NULL, "show long lists to their ends, mount options and annotations", OPTION_ALL},
    {"json", 0, NULL, "print everything as JSON", OPTION_JSON},
    {"platform", 0, "OS/ARCH[/VARIANT]",
     "which image of an index, as in linux/arm64; default: that of this machine", OPTION_PLATFORM},
    {"quiet", 'q', NULL, "show no progress", OPTION_QUIET},
    {"show-secrets", 0, NULL, "show the values of environment variables, not only their names",
     OPTION_SHOW_SECRETS},
    {0},
};

struct request {
    struct inspect_options inspect;
    struct subject subject;
    struct registry_request registry;
    bool all, json, quiet;
};

static void request_done(struct request *request)
{
    free((char *)(uintptr_t)request->inspect.platform.os);
    subject_done(&request->subject);
    registry_request_done(&request->registry);
}

static int set_platform(struct inspect_options *inspect, const char *value, struct error *error)
{
    struct platform platform;

    if (platform_parse(&platform, value, error))
        return -1;
    free((char *)(uintptr_t)inspect->platform.os);
    inspect->platform = platform;
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_ALL:
        request->all = true;
        break;
    case OPTION_JSON:
        request->json = true;
        break;
    case OPTION_PLATFORM:
        return set_platform(&request->inspect, value, error);
    case OPTION_QUIET:
        request->quiet = true;
        break;
    case OPTION_SHOW_SECRETS:
        request->inspect.shows_secrets = true;
        break;
    }
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != 1) {
        error_set(error, ERROR_USAGE, "inspect needs one archive or image");
        return error_advice(error, "see ckptoci inspect --help");
    }
    if (subject_parse(&request->subject, argv[first], error))
        return -1;
    request->inspect.subject = &request->subject;
    request->inspect.registry = request->registry.options;
    return 0;
}

static int inspect(const struct request *request, struct cancel *cancel)
{
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    struct error error = {0};
    json_t *report = NULL;
    int status = inspect_run(&request->inspect, &report, &progress, cancel, &error);

    progress_view_free(view);
    if (status < 0)
        return cmd_fail(&error);
    if (request->json) {
        cmd_print_json(report);
    } else {
        inspect_view_print(report, request->all);
        json_decref(report);
    }
    return cmd_flush();
}

static int run_inspect(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.registry = REGISTRY_REQUEST_INIT};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)))
        return cmd_fail(&error);
    return inspect(&request, cancel);
}

const struct command inspect_command = {
    .name = "inspect",
    .summary = "tell what is in a checkpoint",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details =
        "Tells of a checkpoint: container, pod, base image, times, processes with their\n"
        "command lines and environment, open files, mounts, changed files. An archive that\n"
        "is damaged or malicious is told of too, as far as it can be read.\n\n"
        "ARCHIVE is a file, or - for standard input: " CODEC_ARCHIVES ".\n"
        "IMAGE is one of\n"
        "  docker://HOST[:PORT]/NAME[:TAG][@DIGEST]   a registry; docker:// may be left out\n"
        "  oci:DIRECTORY[:TAG][@DIGEST]               an OCI image layout\n"
        "  oci-archive:FILE[:TAG][@DIGEST]            a tar file of an OCI image layout\n\n"
        "Of a plain tar, in a file or as a layer, only the bytes that are needed are read.",
    .options = options,
    .shared = registry_option_specs,
    .run = run_inspect,
};
