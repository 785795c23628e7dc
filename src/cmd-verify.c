// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "findings-view.h"
#include "progress-view.h"
#include "registry-request.h"
#include "stream/codec.h"
#include "task/verify.h"
#include "verify-view.h"

enum option_id {
    OPTION_ALLOW,
    OPTION_ENGINE,
    OPTION_ENGINE_VERSION,
    OPTION_JSON,
    OPTION_PLATFORM,
    OPTION_QUIET,
    OPTION_STRICT,
};

static const struct option_spec options[] = {
    {"allow", 0, "CHECK",
     "let pass what this check finds; may be given several times; \"list\" prints the checks",
     OPTION_ALLOW},
    {"engine", 0, "ENGINE", "tell all about " ENGINE_NAMES "; default: a table of all of them",
     OPTION_ENGINE},
    {"engine-version", 0, "VERSION", "of the engine, as in 1.36 or main; default: all versions",
     OPTION_ENGINE_VERSION},
    {"json", 0, NULL, "print the result as JSON", OPTION_JSON},
    {"platform", 0, "OS/ARCH[/VARIANT]",
     "which image of an index, as in linux/arm64; default: that of this machine", OPTION_PLATFORM},
    {"quiet", 'q', NULL, "show no progress", OPTION_QUIET},
    {"strict", 0, NULL, "refuse it where there would be a warning about it", OPTION_STRICT},
    {0},
};

struct request {
    struct verify_options verify;
    struct subject subject;
    struct registry_request registry;
    bool json, quiet;
};

static void request_done(struct request *request)
{
    free((char *)(uintptr_t)request->verify.platform.os);
    subject_done(&request->subject);
    registry_request_done(&request->registry);
}

static int set_platform(struct verify_options *verify, const char *value, struct error *error)
{
    struct platform platform;

    if (platform_parse(&platform, value, error))
        return -1;
    free((char *)(uintptr_t)verify->platform.os);
    verify->platform = platform;
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;
    struct verify_options *verify = &request->verify;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_ALLOW:
        return findings_view_allow(&verify->policy, value, error);
    case OPTION_ENGINE:
        return engine_parse(&verify->engine, value, error);
    case OPTION_ENGINE_VERSION:
        verify->version_text = value;
        return engine_version_parse(&verify->version, value, error);
    case OPTION_JSON:
        request->json = true;
        break;
    case OPTION_PLATFORM:
        return set_platform(verify, value, error);
    case OPTION_QUIET:
        request->quiet = true;
        break;
    case OPTION_STRICT:
        verify->policy.strict = true;
        break;
    }
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    struct verify_options *verify = &request->verify;
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != 1) {
        error_set(error, ERROR_USAGE, "verify needs an archive or an image");
        return error_advice(error, "see ckptoci verify --help");
    }
    if (verify->version_text && verify->engine == ENGINE_UNKNOWN)
        return error_set(error, ERROR_USAGE, "--engine-version has no meaning without --engine");
    if (subject_parse(&request->subject, argv[first], error))
        return -1;
    verify->subject = &request->subject;
    verify->registry = request->registry.options;
    return 0;
}

static int report(const struct request *request, const struct verify_result *result)
{
    struct error verdict = {.kind = ERROR_NONE};
    int status;

    if (request->json)
        cmd_print_json(verify_view_json(&request->verify, result));
    else
        verify_view_plain(&request->verify, result);
    status = cmd_flush();
    if (result->findings.refusals > 0)
        verdict.kind = ERROR_ARCHIVE;
    return status ? status : error_exit_status(&verdict);
}

static int verify(const struct request *request, struct cancel *cancel)
{
    cleanup(verify_result_done) struct verify_result result = {0};
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    struct error error = {0};
    int status = verify_run(&request->verify, &result, &progress, cancel, &error);

    progress_view_free(view);
    return status < 0 ? cmd_fail(&error) : report(request, &result);
}

static int run_verify(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.registry = REGISTRY_REQUEST_INIT};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)))
        return cmd_fail(&error);
    return verify(&request, cancel);
}

const struct command verify_command = {
    .name = "verify",
    .summary = "check an archive or image, and tell which engine would restore it",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details =
        "Reads a checkpoint archive, or an image of one, checks all that convert checks\n"
        "and prints every finding. Of an image also every digest and size, the config\n"
        "against the layer, the layer's type against its bytes and the annotations\n"
        "against the archive are checked. Then it tells which container engines would\n"
        "restore it, and what they need for that.\n\n"
        "ARCHIVE is a file, or - for standard input: " CODEC_ARCHIVES ".\n"
        "IMAGE is one of\n"
        "  docker://HOST[:PORT]/NAME[:TAG][@DIGEST]   a registry; docker:// may be left out\n"
        "  oci:DIRECTORY[:TAG][@DIGEST]               an OCI image layout\n"
        "  oci-archive:FILE[:TAG][@DIGEST]            a tar file of an OCI image layout\n\n"
        "Exit status: 0 in order, 3 refused, 1 it could not be read.",
    .options = options,
    .shared = registry_option_specs,
    .run = run_verify,
};
