// SPDX-License-Identifier: Apache-2.0
#include "task/copy.h"

#include "base/clock.h"
#include "base/memory.h"
#include "task/copy-job.h"

int copy_worker_open(struct copy_worker *worker, struct error *error)
{
    const struct copy_job *job = worker->job;
    const struct registry_options *registry = &job->options->registry;

    if (worker->source)
        return 0;
    worker->source = destination_source_new(job->options->source, registry, job->cancel);
    worker->target = destination_target_new(job->destination, registry, job->cancel);
    if (image_source_open(worker->source, error))
        return error_context(error, "%s", job->options->source->name);
    return image_target_open(worker->target, NULL, error);
}

static int copy_all_tags(struct copy_job *job, struct error *error)
{
    cleanup(json_decrefp) json_t *tags = NULL;
    size_t i;
    json_t *tag;

    if (image_source_list_tags(job->workers[0].source, &tags, error))
        return -1;
    if (json_array_size(tags) == 0)
        return error_set(error, ERROR_FAILED, "%s has no tags", job->options->source->name);
    json_array_foreach(tags, i, tag)
    {
        const struct manifest_name name = {.tag = json_string_value(tag)};

        if (!name.tag)
            return error_set(error, ERROR_FAILED, "a tag in the list is no string");
        if (copy_tree(job, name.tag, &name, error))
            return error_context(error, "tag %s", name.tag);
    }
    return 0;
}

static int copy_images(struct copy_job *job, struct error *error)
{
    const struct manifest_name name = {.tag = destination_tag(job->destination)};

    if (copy_worker_open(&job->workers[0], error))
        return -1;
    if (job->options->all_tags ? copy_all_tags(job, error) : copy_tree(job, NULL, &name, error))
        return -1;
    return job->options->dry_run ? 0 : image_target_publish(job->workers[0].target, error);
}

static void pass_cancel_on(void *context)
{
    cancel_trigger(context);
}

static void job_done(struct copy_job *job)
{
    /* What the first one has created for nothing, it can remove when the others have left. */
    for (unsigned i = job->worker_count; i-- > 0;) {
        image_target_free(job->workers[i].target);
        image_source_free(job->workers[i].source);
    }
    json_decref(job->copied);
    pthread_mutex_destroy(&job->mutex);
    cancel_free(job->cancel);
}

static void run_job(const struct copy_options *options, struct copy_outcome *outcome,
                    struct progress *progress, struct cancel *cancel)
{
    struct copy_job job = {
        .options = options,
        .destination = outcome->destination,
        .progress = progress,
        .cancel = cancel_new(),
        .copied = json_object(),
        .worker_count = options->jobs,
        .outcome = outcome,
    };
    struct error error; /* not only what failed leaves its text here */

    /* A tar file is written from front to back. */
    if (outcome->destination->kind == DESTINATION_ARCHIVE)
        job.worker_count = 1;
    for (unsigned i = 0; i < job.worker_count; i++)
        job.workers[i].job = &job;
    pthread_mutex_init(&job.mutex, NULL);
    job.watch = (struct cancel_watch){.wake = pass_cancel_on, .context = job.cancel};
    cancel_watch_add(cancel, &job.watch);
    if (copy_images(&job, &error)) {
        error_context(&error, "copy to %s", outcome->destination->name);
        outcome->error = error;
    }
    cancel_watch_remove(cancel, &job.watch);
    job_done(&job);
}

int copy_run(const struct copy_options *options, struct copy_result *ret, struct progress *progress,
             struct cancel *cancel, struct error *error)
{
    cleanup(copy_result_done) struct copy_result result = {0};
    double begun = clock_monotonic_s();

    for (unsigned i = 0; i < options->destination_count; i++) {
        struct copy_outcome *outcome = &result.outcomes[result.outcome_count++];

        outcome->destination = &options->destinations[i];
        outcome->images = json_array();
        outcome->plan = json_array();
        run_job(options, outcome, progress, cancel);
        if (cancel_check(cancel, error))
            return -1;
    }
    result.seconds = clock_monotonic_s() - begun;
    *ret = result;
    result = (struct copy_result){0};
    return 0;
}

void copy_result_done(struct copy_result *result)
{
    for (unsigned i = 0; i < result->outcome_count; i++) {
        json_decref(result->outcomes[i].images);
        json_decref(result->outcomes[i].plan);
    }
    result->outcome_count = 0;
}
