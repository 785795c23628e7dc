// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "progress-view.h"
#include "registry-request.h"
#include "task/copy.h"

enum option_id {
    OPTION_ALL_PLATFORMS,
    OPTION_ALL_TAGS,
    OPTION_DRY_RUN,
    OPTION_JOBS,
    OPTION_JSON,
    OPTION_PLATFORM,
    OPTION_QUIET,
    OPTION_REFERRERS,
};

static const struct option_spec options[] = {
    {"all-platforms", 0, NULL, "copy all images of an index; this is the default",
     OPTION_ALL_PLATFORMS},
    {"all-tags", 'a', NULL, "copy every tag of the source, under the same names", OPTION_ALL_TAGS},
    REGISTRY_CHUNK_SIZE_SPEC,
    REGISTRY_LIMIT_RATE_SPEC,
    {"dry-run", 'n', NULL, "only print what would be moved", OPTION_DRY_RUN},
    {"jobs", 'j', "N", "blobs copied at the same time; default: 4", OPTION_JOBS},
    {"json", 0, NULL, "print the result as JSON", OPTION_JSON},
    {"platform", 0, "OS/ARCH[/VARIANT]",
     "copy only this image of an index, as in linux/arm64; may be given several times",
     OPTION_PLATFORM},
    {"quiet", 'q', NULL, "show no progress", OPTION_QUIET},
    {"referrers", 0, NULL, "copy what refers to the images, too: signatures, SBOMs ...",
     OPTION_REFERRERS},
    {0},
};

struct request {
    struct copy_options copy;
    struct destination source;
    struct destination destinations[COPY_MAX_DESTINATIONS];
    struct platform platforms[COPY_MAX_PLATFORMS];
    struct registry_request registry;
    bool json, quiet;
};

static void request_done(struct request *request)
{
    for (unsigned i = 0; i < request->copy.platform_count; i++)
        free((char *)(uintptr_t)request->platforms[i].os);
    for (unsigned i = 0; i < request->copy.destination_count; i++)
        destination_done(&request->destinations[i]);
    destination_done(&request->source);
    registry_request_done(&request->registry);
}

static void forget_platforms(struct request *request)
{
    while (request->copy.platform_count > 0)
        free((char *)(uintptr_t)request->platforms[--request->copy.platform_count].os);
}

static int add_platform(struct request *request, const char *value, struct error *error)
{
    if (request->copy.platform_count == COPY_MAX_PLATFORMS)
        return error_set(error, ERROR_USAGE, "more than %d platforms", COPY_MAX_PLATFORMS);
    if (platform_parse(&request->platforms[request->copy.platform_count], value, error))
        return -1;
    request->copy.platform_count++;
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;
    int jobs;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_ALL_PLATFORMS:
        forget_platforms(request);
        break;
    case OPTION_ALL_TAGS:
        request->copy.all_tags = true;
        break;
    case OPTION_DRY_RUN:
        request->copy.dry_run = true;
        break;
    case OPTION_JOBS:
        if (options_parse_int(value, 1, COPY_MAX_JOBS, &jobs, error))
            return -1;
        request->copy.jobs = (unsigned)jobs;
        break;
    case OPTION_JSON:
        request->json = true;
        break;
    case OPTION_PLATFORM:
        return add_platform(request, value, error);
    case OPTION_QUIET:
        request->quiet = true;
        break;
    case OPTION_REFERRERS:
        request->copy.referrers = true;
        break;
    }
    return 0;
}

/* Whether a tag or a digest was written; a registry's "latest" may be of our own making. */
static bool names_image(const struct destination *place, const char *text)
{
    const char *slash = strrchr(text, '/');

    if (place->kind != DESTINATION_REGISTRY)
        return place->tag || place->digest;
    return place->reference.digest || (slash && strchr(slash, ':'));
}

static int check_all_tags(const struct request *request, const struct destination *place,
                          const char *text, struct error *error)
{
    if (!request->copy.all_tags || !names_image(place, text))
        return 0;
    return error_set(error, ERROR_USAGE,
                     "with --all-tags \"%s\" must be without a tag and without a digest", text);
}

static int parse_places(struct request *request, int count, char **arguments, struct error *error)
{
    struct copy_options *copy = &request->copy;

    if (destination_parse_source(&request->source, arguments[0], error) ||
        check_all_tags(request, &request->source, arguments[0], error))
        return -1;
    for (int i = 1; i < count; i++) {
        struct destination *destination = &request->destinations[copy->destination_count];

        if (destination_parse(destination, arguments[i], error))
            return -1;
        copy->destination_count++;
        if (check_all_tags(request, destination, arguments[i], error))
            return -1;
    }
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    struct copy_options *copy = &request->copy;
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first < 2) {
        error_set(error, ERROR_USAGE, "copy needs a source and at least one destination");
        return error_advice(error, "see ckptoci copy --help");
    }
    if (argc - first - 1 > COPY_MAX_DESTINATIONS)
        return error_set(error, ERROR_USAGE, "more than %d destinations", COPY_MAX_DESTINATIONS);
    copy->source = &request->source;
    copy->destinations = request->destinations;
    copy->platforms = request->platforms;
    copy->registry = request->registry.options;
    return parse_places(request, argc - first, argv + first, error);
}

static json_t *report_amount(const struct copy_amount *amount)
{
    return json_pack("{s:I, s:I}", "blobs", (json_int_t)amount->blobs, "bytes",
                     (json_int_t)amount->bytes);
}

static json_t *report_outcome(const struct request *request, const struct copy_outcome *outcome)
{
    bool failed = outcome->error.kind != ERROR_NONE;
    json_t *report =
        json_pack("{s:s, s:O, s:o, s:o, s:o, s:s*}", "destination", outcome->destination->name,
                  "images", outcome->images, "moved", report_amount(&outcome->moved), "skipped",
                  report_amount(&outcome->skipped), "mounted", report_amount(&outcome->mounted),
                  "error", failed ? outcome->error.text : NULL);

    if (request->copy.dry_run)
        json_object_set(report, "plan", outcome->plan);
    return report;
}

static void print_json(const struct request *request, const struct copy_result *result)
{
    json_t *report = json_pack("{s:s, s:[], s:f}", "source", request->source.name, "destinations",
                               "seconds", result->seconds);

    for (unsigned i = 0; i < result->outcome_count; i++)
        json_array_append_new(json_object_get(report, "destinations"),
                              report_outcome(request, &result->outcomes[i]));
    cmd_print_json(report);
}

static void print_plan(const struct copy_outcome *outcome)
{
    size_t i;
    json_t *step;

    json_array_foreach(outcome->plan, i, step)
        printf("%s %s %s %" JSON_INTEGER_FORMAT "\n", outcome->destination->name,
               json_get_text(step, "action"), json_get_text(step, "digest"),
               json_get_integer(step, "size"));
}

static void print_plain(const struct request *request, const struct copy_outcome *outcome)
{
    size_t i;
    json_t *image;

    if (request->copy.dry_run) {
        print_plan(outcome);
        return;
    }
    json_array_foreach(outcome->images, i, image)
        printf("%s@%s\n", json_get_text(image, "reference"), json_get_text(image, "digest"));
}

/* Prints what was done; the exit status is that of the first destination that failed. */
static int report(const struct request *request, const struct copy_result *result)
{
    int status;

    if (request->json)
        print_json(request, result);
    for (unsigned i = 0; i < result->outcome_count; i++)
        if (!request->json && result->outcomes[i].error.kind == ERROR_NONE)
            print_plain(request, &result->outcomes[i]);
    status = cmd_flush();
    for (unsigned i = 0; i < result->outcome_count; i++)
        cmd_fail_first(&status, &result->outcomes[i].error);
    return status;
}

static int copy(const struct request *request, struct cancel *cancel)
{
    cleanup(copy_result_done) struct copy_result result = {0};
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    struct error error = {0};
    int status = copy_run(&request->copy, &result, &progress, cancel, &error);

    progress_view_free(view);
    return status < 0 ? cmd_fail(&error) : report(request, &result);
}

static int run_copy(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.copy = {.jobs = COPY_DEFAULT_JOBS},
                                                    .registry = REGISTRY_REQUEST_INIT};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)))
        return cmd_fail(&error);
    return copy(&request, cancel);
}

const struct command copy_command = {
    .name = "copy",
    .summary = "copy images between registries, layouts and archives",
    .arguments = "[OPTIONS] SOURCE DESTINATION...",
    .details = "Copies an image of any kind to each of the destinations, as it is: every digest\n"
               "stays. Blobs that a destination has are not moved, the others stream through.\n\n"
               "SOURCE and DESTINATION are\n"
               "  docker://HOST[:PORT]/NAME[:TAG]   a registry; docker:// may be left out\n"
               "  oci:DIRECTORY[:TAG]               an OCI image layout, created or added to\n"
               "  oci-archive:FILE[:TAG]            a tar file of an OCI image layout\n"
               "SOURCE may end with @DIGEST.\n\n"
               "Prints a line for each image that is at a destination: its name and digest.",
    .options = options,
    .shared = registry_option_specs,
    .run = run_copy,
};
