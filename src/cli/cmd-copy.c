// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/progress-view.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "task/copy.h"

struct platforms {
    struct platform list[COPY_MAX_PLATFORMS];
    unsigned count;
};

struct request {
    struct copy_options copy;
    struct destination source;
    struct destination destinations[COPY_MAX_DESTINATIONS];
    struct platforms platforms;
    struct registry_options registry; /* for all of them */
    struct registry_side from, to;
    bool may_replace, json, quiet;
};

static int take_all_platforms(void *field, const char *value, struct error *error)
{
    struct platforms *platforms = field;

    (void)value;
    (void)error;
    while (platforms->count > 0)
        option_platform_done(&platforms->list[--platforms->count]);
    return 0;
}

static int add_platform(void *field, const char *value, struct error *error)
{
    struct platforms *platforms = field;

    if (platforms->count == COPY_MAX_PLATFORMS)
        return error_set(error, ERROR_USAGE, "more than %d platforms", COPY_MAX_PLATFORMS);
    if (platform_parse(&platforms->list[platforms->count], value, error))
        return -1;
    platforms->count++;
    return 0;
}

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"all-platforms", 0, NULL, "copy all images of an index; this is the default",
     OPTION_SPECIAL(take_all_platforms, platforms)},
    {"all-tags", 'a', NULL, "copy every tag of the source, under the same names",
     OPTION_FLAG(copy.all_tags)},
    {CHUNK_SIZE_OPTION(registry.chunk_bytes)},
    {LIMIT_RATE_OPTION(registry.rate_limit)},
    {"dry-run", 'n', NULL, "only print what would be moved", OPTION_FLAG(copy.dry_run)},
    {"fail-fast", 0, NULL, "with --all-tags, stop at the first tag that cannot be copied",
     OPTION_FLAG(copy.fail_fast)},
    {REPLACE_OPTION(may_replace)},
    {"jobs", 'j', "N", "blobs copied at the same time; default: 4",
     OPTION_INTEGER(copy.jobs, 1, COPY_MAX_JOBS)},
    {JSON_OPTION(json)},
    {"platform", 0, "OS/ARCH[/VARIANT]",
     "copy only this image of an index, as in linux/arm64; may be given several times",
     OPTION_SPECIAL(add_platform, platforms)},
    {QUIET_OPTION(quiet)},
    {"referrers", 0, NULL, "copy what refers to the images, too: signatures, SBOMs ...",
     OPTION_FLAG(copy.referrers)},
    SIDE_OPTIONS("src", "source", from),
    SIDE_OPTIONS("dest", "destinations", to),
    {0},
};

/* Whether a tag or a digest was written; a registry's "latest" may be of our own making. */
static bool names_image(const struct destination *place, const char *text)
{
    const char *slash = strrchr(text, '/');

    if (place->kind != DESTINATION_REGISTRY)
        return place->tag || place->digest;
    return place->reference.digest || strchr(slash ? slash : text, ':');
}

static int check_all_tags(const struct request *request, struct destination *place,
                          const char *text, struct error *error)
{
    if (!request->copy.all_tags)
        return 0;
    if (!names_image(place, text)) {
        destination_drop_tag(place);
        return 0;
    }
    return error_set(error, ERROR_USAGE,
                     "with --all-tags \"%s\" must be without a tag and without a digest", text);
}

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;
    struct copy_options *copy = &request->copy;

    if (copy->fail_fast && !copy->all_tags)
        return error_set(error, ERROR_USAGE, "--fail-fast has no meaning without --all-tags");
    if (line->argument_count - 1 > COPY_MAX_DESTINATIONS)
        return error_set(error, ERROR_USAGE, "more than %d destinations", COPY_MAX_DESTINATIONS);
    copy->source = &request->source;
    copy->destinations = request->destinations;
    copy->platforms = request->platforms.list;
    copy->platform_count = request->platforms.count;
    copy->source_registry = registry_side_options(&request->from, &request->registry);
    copy->source_registry.creds_shared = request->registry.creds && !request->from.creds;
    copy->registry = registry_side_options(&request->to, &request->registry);
    if (destination_parse_source(&request->source, line->arguments[0], error) ||
        check_all_tags(request, &request->source, line->arguments[0], error))
        return -1;
    for (int i = 1; i < line->argument_count; i++) {
        struct destination *destination = &request->destinations[copy->destination_count];

        if (destination_parse_copy(destination, line->arguments[i], error))
            return -1;
        destination->may_replace = request->may_replace;
        copy->destination_count++;
        if (check_all_tags(request, destination, line->arguments[i], error))
            return -1;
    }
    return 0;
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
        json_pack("{s:o, s:O, s:o, s:o, s:o, s:s*}", "destination",
                  utf8_text(outcome->destination->name), "images", outcome->images, "moved",
                  report_amount(&outcome->moved), "skipped", report_amount(&outcome->skipped),
                  "mounted", report_amount(&outcome->mounted), "error",
                  failed ? outcome->error.text : NULL);

    if (request->copy.dry_run)
        json_object_set(report, "plan", outcome->plan);
    if (request->copy.all_tags)
        json_object_set(report, "failed", outcome->failed);
    return report;
}

static void print_json(const struct request *request, const struct copy_result *result)
{
    json_t *report = json_pack("{s:o, s:[], s:f}", "source", utf8_text(request->source.name),
                               "destinations", "seconds", result->seconds);

    struct error error = {0};

    for (unsigned i = 0; i < result->outcome_count; i++) {
        json_array_append_new(json_object_get(report, "destinations"),
                              report_outcome(request, &result->outcomes[i]));
        cmd_note_failure(&error, &result->outcomes[i].error);
    }
    cmd_print_json(report, &error);
}

static void print_plan(const struct copy_outcome *outcome)
{
    size_t i;
    json_t *step, *image;

    json_array_foreach(outcome->plan, i, step)
        view_line("%s %s %s %" JSON_INTEGER_FORMAT, outcome->destination->name,
                  json_get_text(step, "action"), json_get_text(step, "digest"),
                  json_get_integer(step, "size"));
    json_array_foreach(outcome->images, i, image)
    {
        if (json_text_is(image, "status", "would copy"))
            view_line("would copy %s@%s", json_get_text(image, "reference"),
                      json_get_text(image, "digest"));
    }
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
        view_line("%s@%s", json_get_text(image, "reference"), json_get_text(image, "digest"));
}

/* A line for each tag, which the one for the destination only counts. */
static void tell_failures(const struct copy_outcome *outcome)
{
    struct error error;
    size_t i;
    json_t *failure;

    json_array_foreach(outcome->failed, i, failure)
    {
        error_set(&error, ERROR_FAILED, "copy to %s: tag %s: %s", outcome->destination->name,
                  json_get_text(failure, "tag"), json_get_text(failure, "error"));
        cmd_fail(&error);
    }
}

/* Prints what was done; the exit status is that of the first destination that failed. */
static int report(const struct request *request, const struct copy_result *result)
{
    int status;

    if (request->json)
        print_json(request, result);
    for (unsigned i = 0; i < result->outcome_count; i++)
        if (!request->json)
            print_plain(request, &result->outcomes[i]);
    status = cmd_flush();
    for (unsigned i = 0; i < result->outcome_count; i++) {
        tell_failures(&result->outcomes[i]);
        cmd_fail_first(&status, &result->outcomes[i].error);
    }
    return status;
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    cleanup(copy_result_done) struct copy_result result = {0};
    const struct request *request = context;
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, PROGRESS_COPIES, request->quiet);
    int status = copy_run(&request->copy, &result, &progress, cancel, error);

    progress_view_free(view);
    return status < 0 ? -1 : report(request, &result);
}

static void done(void *context)
{
    struct request *request = context;

    take_all_platforms(&request->platforms, NULL, NULL);
    for (unsigned i = 0; i < request->copy.destination_count; i++)
        destination_done(&request->destinations[i]);
    destination_done(&request->source);
    registry_side_done(&request->from);
    registry_side_done(&request->to);
    registry_options_done(&request->registry);
}

static const struct request defaults = {.copy = {.jobs = COPY_DEFAULT_JOBS},
                                        .registry = REGISTRY_OPTIONS_INIT};

const struct command copy_command = {
    .name = "copy",
    .summary = "copy images between registries, layouts and archives",
    .arguments = "[OPTIONS] SOURCE DESTINATION...",
    .details = "Copies an image of any kind to each of the destinations, as it is: every digest\n"
               "stays. Blobs that a destination has are not moved, the others stream through.\n\n"
               "SOURCE and DESTINATION are\n" PLACE_HELP
               "SOURCE may end with @DIGEST, DESTINATION too if that is the image's.\n\n"
               "Prints a line for each image that is at a destination: its name and digest.",
    .needs = "copy needs a source and at least one destination",
    .min_arguments = 2,
    .options = options,
    .shared = {{registry_option_specs, offsetof(struct request, registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
