// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include "cli/findings-view.h"
#include "cli/progress-view.h"
#include "cli/shared-options.h"
#include "cli/verify-view.h"
#include "task/verify.h"

struct request {
    struct verify_options verify;
    struct subject subject;
    bool json, quiet;
};

static int set_engine(void *field, const char *value, struct error *error)
{
    return engine_parse(field, value, error);
}

static int set_version(void *field, const char *value, struct error *error)
{
    struct verify_options *verify = field;

    verify->version_text = value;
    return engine_version_parse(&verify->version, value, error);
}

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {ALLOW_OPTION(verify.policy)},
    {"engine", 0, "ENGINE",
     "tell all about cri-o, containerd or podman; default: a table of all of them",
     OPTION_SPECIAL(set_engine, verify.engine)},
    {"engine-version", 0, "VERSION", "of the engine, as in 1.36 or main; default: all versions",
     OPTION_SPECIAL(set_version, verify)},
    {JSON_OPTION(json)},
    {PLATFORM_OPTION(verify.platform)},
    {QUIET_OPTION(quiet)},
    {"strict", 0, NULL, "refuse it where there would be a warning about it",
     OPTION_FLAG(verify.policy.strict)},
    {0},
};

static int prepare(void *context, char **arguments, struct error *error)
{
    struct request *request = context;
    struct verify_options *verify = &request->verify;

    if (verify->version_text && verify->engine == ENGINE_UNKNOWN)
        return error_set(error, ERROR_USAGE, "--engine-version has no meaning without --engine");
    verify->subject = &request->subject;
    return subject_parse(&request->subject, arguments[0], error);
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

static int run(void *context, struct cancel *cancel, struct error *error)
{
    cleanup(verify_result_done) struct verify_result result = {0};
    const struct request *request = context;
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    int status = verify_run(&request->verify, &result, &progress, cancel, error);

    progress_view_free(view);
    return status < 0 ? -1 : report(request, &result);
}

static void done(void *context)
{
    struct request *request = context;

    option_platform_done(&request->verify.platform);
    subject_done(&request->subject);
    registry_options_done(&request->verify.registry);
}

static const struct request defaults = {.verify = {.registry = REGISTRY_OPTIONS_INIT}};

const struct command verify_command = {
    .name = "verify",
    .summary = "check an archive or image, and tell which engine would restore it",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details = "Reads a checkpoint archive, or an image of one, checks all that convert checks\n"
               "and prints every finding. Of an image also every digest and size, the config\n"
               "against the layer, the layer's type against its bytes and the annotations\n"
               "against the archive are checked. Then it tells which container engines would\n"
               "restore it, and what they need for that.\n\n" ARCHIVE_HELP IMAGE_HELP "\n"
               "Exit status: 0 in order, 3 refused, 1 it could not be read.",
    .needs = "verify needs an archive or an image",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .shared = {{registry_option_specs, offsetof(struct request, verify.registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
