// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include "cli/inspect-view.h"
#include "cli/progress-view.h"
#include "cli/shared-options.h"
#include "inspect/inspect.h"

struct request {
    struct inspect_options inspect;
    struct subject subject;
    bool all, json, quiet;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"all", 'a', NULL, "show long lists to their ends, mount options and annotations",
     OPTION_FLAG(all)},
    {"json", 0, NULL, "print everything as JSON", OPTION_FLAG(json)},
    {MAX_UNPACKED_OPTION(inspect.max_unpacked_bytes)},
    {PLATFORM_OPTION(inspect.platform)},
    {QUIET_OPTION(quiet)},
    {"show-secrets", 0, NULL, "show the values of environment variables, not only their names",
     OPTION_FLAG(inspect.shows_secrets)},
    {0},
};

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;

    request->inspect.subject = &request->subject;
    if (option_check_standard_input(line->arguments[0], false, error))
        return -1;
    return subject_parse(&request->subject, line->arguments[0], error);
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    const struct request *request = context;
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, PROGRESS_READS, request->quiet);
    json_t *report = NULL;
    int status = inspect_run(&request->inspect, &report, &progress, cancel, error);

    progress_view_free(view);
    if (status < 0)
        return -1;
    if (request->json) {
        cmd_print_json(report, NULL);
    } else {
        inspect_view_print(report, request->all);
        json_decref(report);
    }
    return 0;
}

static void done(void *context)
{
    struct request *request = context;

    option_platform_done(&request->inspect.platform);
    subject_done(&request->subject);
    registry_options_done(&request->inspect.registry);
}

static const struct request defaults = {.inspect = {.registry = REGISTRY_OPTIONS_INIT}};

const struct command inspect_command = {
    .name = "inspect",
    .summary = "tell what is in a checkpoint",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details = "Tells of a checkpoint: container, pod, base image, times, processes with their\n"
               "command lines and environment, open files, mounts, changed files. An archive that\n"
               "is damaged or malicious is told of too, as far as it can be read.\n\n" ARCHIVE_HELP
                   IMAGE_HELP "\n"
               "Of a plain tar, in a file or as a layer, only the bytes that are needed are read.",
    .needs = "inspect needs one archive or image",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .shared = {{registry_option_specs, offsetof(struct request, inspect.registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
