// SPDX-License-Identifier: Apache-2.0
/*
 * The threads of a conversion, beside those of the pipeline:
 *
 *     main         sets up, then waits for the walk and the layer's digest, and builds the image
 *     walk         checks the archive and takes its digest
 *     digest       takes the layer's digest
 *     delivery 1.. send the layer to a destination, wait for the image, publish it (delivery.c)
 */
#include "convert/convert.h"

#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "convert/delivery.h"
#include "convert/image-plan.h"
#include "stream/input.h"
#include "stream/pipeline.h"
#include "transport/observing-source.h"

struct run {
    const struct convert_options *options;
    struct progress *progress;
    struct cancel *cancel;
    struct input *input;
    struct layer_plan plan;
    struct pipeline *pipeline;
    struct deliveries *deliveries;

    struct archive_facts facts;
    struct observation layer; /* its bytes */
};

/* A thread with its task's own error. */
struct run_thread {
    struct run *run;
    struct source *source;
    pthread_t thread;
    struct error error; /* ERROR_NONE: done */
};

/* The image at that destination if it may be what this run would make, else NULL. */
static const struct held_image *candidate(const struct run *run, unsigned index)
{
    const struct held_image *held = deliveries_held(run->deliveries, index);
    const struct layer_plan *plan = &run->plan;

    if (!held || (plan->layer_size >= 0 && held->layer.size != (uint64_t)plan->layer_size))
        return NULL;
    return held_image_is_made_like(held, plan->media_type, plan->encoding, plan->archive_size)
               ? held
               : NULL;
}

static bool has_candidates(const struct run *run)
{
    for (unsigned i = 0; i < run->options->destination_count; i++)
        if (candidate(run, i))
            return true;
    return false;
}

static int read_to_compare(struct run *run, struct error *error)
{
    struct progress *progress = run->progress;
    struct input *again;
    int result;

    if (input_reopen(run->input, 0, &again, error) < 0)
        return -1;
    input_count_into(again, &progress->bytes_compared);
    atomic_store(&progress->comparing, true);
    result =
        archive_facts_walk(&run->facts, &run->plan, input_source_new(again, run->cancel), error);
    atomic_store(&progress->comparing, false);
    return result < 0 ? -1 : archive_facts_conclude(&run->facts, run->options, error);
}

/* Settles one delivery if the image there is the one that this archive makes with the layer there.
 */
static int compare(struct run *run, unsigned index, struct image **image, struct error *error)
{
    const struct held_image *held = candidate(run, index);
    cleanup(image_freep) struct image *built = NULL;
    struct descriptor layer;

    if (!held)
        return 0;
    layer = held->layer;
    layer.media_type = run->plan.media_type; /* the same, and the image outlives `held` */
    if (archive_facts_build_image(&run->facts, &run->plan, &layer, &built, error) < 0)
        return -1;
    if (!digest_equal(&built->manifest.digest, &held->manifest.digest))
        return 0;
    deliveries_settle(run->deliveries, index, &built->manifest.digest);
    if (!*image)
        *image = steal(built);
    return 0;
}

/*
 * When a command is run again: a destination that may already hold the image is compared with the
 * archive. That costs one read of the archive, but nothing is compressed or sent. The layer's
 * digest is taken from the destination's manifest and not checked; the diff_id is the archive's
 * own. Settles the deliveries that have nothing to do; *image stays NULL if there is none.
 */
static int compare_all(struct run *run, struct image **image, struct error *error)
{
    if (!has_candidates(run))
        return 0;
    if (read_to_compare(run, error) < 0)
        return -1;
    for (unsigned i = 0; i < run->options->destination_count; i++)
        if (compare(run, i, image, error) < 0)
            return -1;
    return 0;
}

static unsigned default_jobs(void)
{
    cpu_set_t cpus;
    unsigned count = 1;

    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        count = (unsigned)CPU_COUNT(&cpus);
    return count < CONVERT_DEFAULT_MAX_JOBS ? count : CONVERT_DEFAULT_MAX_JOBS;
}

static void set_up_pipeline(struct run *run)
{
    const struct convert_options *options = run->options;

    run->pipeline = pipeline_new(&(struct pipeline_options){
        .input = run->input,
        .codec = run->plan.codec,
        .level = run->plan.level,
        .adapts = run->plan.adapts,
        .workers = options->jobs ? options->jobs : default_jobs(),
        .cancel = run->cancel,
        .progress = run->progress,
    });
}

static void *run_walk(void *argument)
{
    struct run_thread *thread = argument;
    struct run *run = thread->run;

    if (archive_facts_walk(&run->facts, &run->plan, thread->source, &thread->error) < 0)
        pipeline_stop(run->pipeline, &thread->error);
    return NULL;
}

static void *run_digest(void *argument)
{
    struct run_thread *thread = argument;
    const void *data;
    size_t len;

    while (source_next(thread->source, &data, &len, &thread->error) > 0)
        ;
    source_free(thread->source);
    return NULL;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
    if (pthread_create(thread, NULL, run, argument) != 0)
        abort();
}

/* Runs the pipeline to its end with everybody who takes from it. */
static int run_pipeline(struct run *run, struct error *error)
{
    struct run_thread walk = {.run = run, .source = pipeline_raw_tap(run->pipeline)};
    struct run_thread digest = {.run = run,
                                .source = observing_source_new(pipeline_encoded_tap(run->pipeline),
                                                               &run->layer, NULL, NULL)};

    deliveries_send(run->deliveries, run->pipeline, run->plan.layer_size);
    start_thread(&walk.thread, run_walk, &walk);
    start_thread(&digest.thread, run_digest, &digest);
    pipeline_start(run->pipeline);

    pthread_join(walk.thread, NULL);
    pthread_join(digest.thread, NULL);
    return pipeline_finish(run->pipeline, error);
}

static int build_image(struct run *run, struct image **image, struct error *error)
{
    const struct descriptor layer = {.media_type = run->plan.media_type,
                                     .digest = run->layer.digest,
                                     .size = run->layer.size};

    if (archive_facts_conclude(&run->facts, run->options, error) < 0 ||
        (run->plan.layer_size < 0 &&
         deliveries_check_size(run->facts.content.findings, run->options, layer.size, error) < 0))
        return -1;
    return archive_facts_build_image(&run->facts, &run->plan, &layer, image, error);
}

/* Before anything is sent. */
static int check_destinations(struct run *run, struct error *error)
{
    struct findings *findings = run->facts.content.findings;

    for (unsigned i = 0; i < run->options->destination_count; i++)
        if (deliveries_in_clear(run->deliveries, i) &&
            finding_report(findings, CHECK_PLAIN_HTTP, NULL, error,
                           "%s is spoken to without encryption",
                           run->options->destinations[i].name) < 0)
            return -1;
    return run->plan.layer_size >= 0 ? deliveries_check_size(findings, run->options,
                                                             (uint64_t)run->plan.layer_size, error)
                                     : 0;
}

static int convert_and_send(struct run *run, struct image **image, struct error *error)
{
    bool abandoned;
    int status;

    findings_clear(run->facts.content.findings);
    if (check_destinations(run, error) < 0)
        return -1;
    set_up_pipeline(run);
    status = run_pipeline(run, error);
    abandoned = deliveries_abandoned(run->deliveries);
    if (status == 0)
        status = build_image(run, image, error);
    deliveries_finish(run->deliveries, status == 0 ? *image : NULL);
    /* If all destinations failed, each has its own error; the pipeline's is only the last of them.
     */
    return abandoned ? cancel_check(run->cancel, error) : status;
}

/* Everything is open and the credentials are there: from now on, this thread and those that it
 * starts may write to the destinations only. */
static void limit_writing(const struct convert_options *options)
{
    struct sandbox sandbox = {0};

    for (unsigned i = 0; i < options->destination_count; i++)
        destination_keep_writable(&options->destinations[i], &sandbox);
    if (options->digestfile)
        sandbox_keep(&sandbox, SANDBOX_FILE, options->digestfile);
    sandbox_limit_writing(&sandbox);
}

/* The destinations first: what is wrong with them is better known before the archive is read. */
static int run_all(struct run *run, struct image **image, struct error *error)
{
    bool is_file = input_size(run->input) >= 0;

    deliveries_open(run->deliveries, is_file);
    if (cancel_check(run->cancel, error) < 0)
        return -1;
    limit_writing(run->options);
    if (is_file && deliveries_left(run->deliveries) > 0 && compare_all(run, image, error) < 0)
        return -1;
    if (deliveries_left(run->deliveries) == 0)
        return 0;
    image_free(steal(*image));
    archive_facts_done(&run->facts);
    return convert_and_send(run, image, error);
}

/* A destination oci-archive: replaces its file, which must not be the archive that is read. */
static int check_not_the_archive(const struct run *run, struct error *error)
{
    for (unsigned i = 0; i < run->options->destination_count; i++) {
        const struct destination *destination = &run->options->destinations[i];

        if (destination->kind == DESTINATION_ARCHIVE &&
            input_is_at(run->input, destination->path)) {
            error_set(error, ERROR_USAGE, "%s would replace the archive that is read",
                      destination->name);
            return error_advice(error, "choose another file");
        }
    }
    return 0;
}

static void run_done(struct run *run)
{
    deliveries_free(run->deliveries);
    pipeline_free(run->pipeline);
    input_free(run->input);
    archive_facts_done(&run->facts);
}

static int open_input(struct run *run, struct error *error)
{
    const struct convert_options *options = run->options;

    if (input_open(&run->input, options->from_stdin ? "-" : options->archive, run->cancel, error) <
        0)
        return error_context(error, "read %s", options->archive);
    run->facts.input = run->input;
    if (input_size(run->input) > 0)
        atomic_fetch_add(&run->progress->bytes_total, input_size(run->input));
    return check_not_the_archive(run, error);
}

/* If no check has reported why the archive is refused, its stream has failed: that becomes a
 * finding. */
static int explain_refusal(const struct run *run, struct error *error)
{
    const struct error cause = *error;
    bool changed = run->input && input_has_changed(run->input);

    if (error->kind != ERROR_ARCHIVE || run->facts.content.findings->refusals > 0)
        return -1;
    return finding_report_fatal(run->facts.content.findings,
                                changed ? CHECK_ARCHIVE_CHANGED : CHECK_DAMAGED_ARCHIVE, NULL,
                                error, "%s", cause.text);
}

static int run_stages(struct run *run, struct convert_result *result, struct error *error)
{
    const struct convert_options *options = run->options;

    if (open_input(run, error) < 0)
        return explain_refusal(run, error);
    if (layer_plan_make(&run->plan, options, run->input, error) < 0)
        return -1;
    run->deliveries = deliveries_new(options, result->deliveries, run->progress, run->cancel);
    if (run_all(run, &result->image, error) == 0)
        return 0;
    explain_refusal(run, error);
    return error->kind == ERROR_INTERRUPTED ? -1
                                            : error_context(error, "convert %s", options->archive);
}

int convert_run(const struct convert_options *options, struct convert_result *ret,
                struct progress *progress, struct cancel *cancel, struct error *error)
{
    cleanup(convert_result_done) struct convert_result result = {
        .delivery_count = options->destination_count,
    };
    cleanup(run_done) struct run run = {.options = options,
                                        .progress = progress,
                                        .cancel = cancel,
                                        .facts.content = {.findings = &ret->findings,
                                                          .stored_bytes = &progress->bytes_read,
                                                          .max_unpacked_bytes =
                                                              options->max_unpacked_bytes,
                                                          .cancel = cancel}};
    double begun = clock_monotonic_s();

    ret->findings = (struct findings){.policy = options->policy};
    for (unsigned i = 0; i < result.delivery_count; i++)
        result.deliveries[i].destination = &options->destinations[i];
    if (run_stages(&run, &result, error) < 0)
        return -1;
    result.annotations = json_incref(run.facts.annotations);
    result.archive_size = run.facts.content.archive.size;
    result.seconds = clock_monotonic_s() - begun;
    result.findings = ret->findings;
    *ret = result;
    result = (struct convert_result){0};
    return 0;
}

void convert_result_done(struct convert_result *result)
{
    image_free(result->image);
    json_decref(result->annotations);
    findings_done(&result->findings);
}
