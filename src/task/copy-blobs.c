// SPDX-License-Identifier: Apache-2.0
#include "task/copy-blobs.h"

#include <string.h>

#include "base/memory.h"
#include "stream/source.h"
#include "transport/observing-source.h"

int copy_source_failed(const struct copy_job *job, struct error *error)
{
    return error->kind == ERROR_INTERRUPTED
               ? -1
               : error_advice(error, "it is the source that failed, %s",
                              job->options->source->name);
}

int copy_destination_failed(const struct copy_job *job, struct error *error)
{
    return error->kind == ERROR_INTERRUPTED
               ? -1
               : error_advice(error, "it is the destination that failed, %s",
                              job->destination->name);
}

int copy_worker_open(struct copy_worker *worker, struct error *error)
{
    const struct copy_job *job = worker->job;
    const struct copy_options *options = job->options;

    if (worker->source)
        return 0;
    worker->source =
        destination_source_new(options->source, &options->source_registry, job->cancel);
    worker->target = destination_target_new(job->destination, &options->registry, job->cancel);
    if (image_source_open(worker->source, error))
        copy_source_failed(job, error);
    else if (image_target_open(worker->target, NULL, error) == 0)
        return 0;
    else
        copy_destination_failed(job, error);
    image_target_free(steal(worker->target));
    image_source_free(steal(worker->source));
    return -1;
}

typedef int handle_blob(struct copy_worker *worker, const struct descriptor *blob,
                        struct error *error);

/* What is left of one manifest's blobs, and what is done with each. */
struct queue {
    struct copy_job *job;
    handle_blob *handle;
    const struct descriptor **blobs;
    size_t count, next;
    struct error error; /* the first one */
};

static void count(struct copy_job *job, struct copy_amount *amount, const struct descriptor *blob)
{
    pthread_mutex_lock(&job->mutex);
    amount->blobs++;
    amount->bytes += blob->size;
    pthread_mutex_unlock(&job->mutex);
}

static void plan(struct copy_job *job, const struct descriptor *blob)
{
    pthread_mutex_lock(&job->mutex);
    json_array_append_new(job->outcome->plan,
                          json_pack("{s:s, s:s, s:s, s:I}", "action", "blob", "digest",
                                    blob->digest.text, "mediaType", blob->media_type, "size",
                                    (json_int_t)blob->size));
    pthread_mutex_unlock(&job->mutex);
}

/* The source's repository if it is in the destination's registry, which can take blobs from it
 * then; else NULL. */
static const char *mount_from(const struct copy_job *job)
{
    const struct destination *source = job->options->source, *destination = job->destination;

    if (source->kind != DESTINATION_REGISTRY || destination->kind != DESTINATION_REGISTRY ||
        strcmp(source->reference.domain, destination->reference.domain) != 0 ||
        strcmp(source->reference.path, destination->reference.path) == 0)
        return NULL;
    return source->reference.path;
}

static int move_blob(struct copy_worker *worker, const struct descriptor *blob, struct error *error)
{
    struct copy_job *job = worker->job;
    cleanup(source_freep) struct source *bytes = NULL;

    if (image_source_get_blob(worker->source, blob, &bytes, error))
        return copy_source_failed(job, error);
    bytes = verifying_source_new(bytes, blob, &job->progress->bytes_read);
    if (image_target_put_blob(worker->target, blob, bytes, job->progress, error) == 0)
        return 0;
    return verifying_source_failed(bytes) ? copy_source_failed(job, error)
                                          : copy_destination_failed(job, error);
}

/* A blob that the target does not have; *mounted: its registry took it from another repository. */
static int fetch_blob(struct copy_worker *worker, const struct descriptor *blob, bool *mounted,
                      struct error *error)
{
    const char *repository = mount_from(worker->job);

    *mounted = false;
    if (repository && image_target_mount_blob(worker->target, blob, repository, mounted, error))
        return copy_destination_failed(worker->job, error);
    return *mounted ? 0 : move_blob(worker, blob, error);
}

/* Whether the target has the blob, as was found out last; -1: nobody has looked. */
static int known_presence(struct copy_job *job, const struct descriptor *blob)
{
    const json_t *known;

    pthread_mutex_lock(&job->mutex);
    known = json_object_get(job->presence, blob->digest.text);
    pthread_mutex_unlock(&job->mutex);
    return known ? json_is_true(known) : -1;
}

static void note_presence(struct copy_job *job, const struct descriptor *blob, bool has)
{
    pthread_mutex_lock(&job->mutex);
    json_object_set_new(job->presence, blob->digest.text, json_boolean(has));
    pthread_mutex_unlock(&job->mutex);
}

/* What is missing is among what has to be moved. */
static int look_for_blob(struct copy_worker *worker, const struct descriptor *blob,
                         struct error *error)
{
    struct copy_job *job = worker->job;
    bool has = false;

    if (known_presence(job, blob) >= 0)
        return 0;
    if (image_target_has_blob(worker->target, blob, &has, error))
        return copy_destination_failed(job, error);
    note_presence(job, blob, has);
    if (!has && !job->options->dry_run)
        atomic_fetch_add(&job->progress->bytes_total, (int64_t)blob->size);
    return 0;
}

static int copy_blob(struct copy_worker *worker, const struct descriptor *blob, struct error *error)
{
    struct copy_job *job = worker->job;
    bool mounted = false;

    if (known_presence(job, blob) == true) {
        count(job, &job->outcome->skipped, blob);
        return 0;
    }
    if (job->options->dry_run)
        plan(job, blob);
    else if (fetch_blob(worker, blob, &mounted, error))
        return -1;
    else
        note_presence(job, blob, true);
    if (mounted)
        atomic_fetch_sub(&job->progress->bytes_total, (int64_t)blob->size);
    count(job, mounted ? &job->outcome->mounted : &job->outcome->moved, blob);
    return 0;
}

/* NULL: nothing is left, or a worker has failed. */
static const struct descriptor *take(struct queue *queue)
{
    const struct descriptor *blob = NULL;

    pthread_mutex_lock(&queue->job->mutex);
    if (queue->next < queue->count && queue->error.kind == ERROR_NONE)
        blob = queue->blobs[queue->next++];
    pthread_mutex_unlock(&queue->job->mutex);
    return blob;
}

static void fail(struct queue *queue, const struct error *error)
{
    pthread_mutex_lock(&queue->job->mutex);
    if (queue->error.kind == ERROR_NONE)
        queue->error = *error;
    pthread_mutex_unlock(&queue->job->mutex);
    /* The tags that follow need the cancel; the other workers end behind their blob. */
    if (!queue->job->options->all_tags || queue->job->options->fail_fast)
        cancel_trigger(queue->job->cancel);
}

static void work(struct queue *queue, struct copy_worker *worker)
{
    const struct descriptor *blob;
    struct error error = {0};

    if (copy_worker_open(worker, &error)) {
        fail(queue, &error);
        return;
    }
    while ((blob = take(queue)))
        if (queue->handle(worker, blob, &error)) {
            error_context(&error, "blob %s", blob->digest.text);
            fail(queue, &error);
            return;
        }
}

struct start {
    struct queue *queue;
    struct copy_worker *worker;
};

static void *run_worker(void *context)
{
    const struct start *start = context;

    work(start->queue, start->worker);
    return NULL;
}

/* If a thread cannot be started, the others do its work. */
static void run_all(struct queue *queue)
{
    struct copy_job *job = queue->job;
    struct start starts[COPY_MAX_JOBS];
    unsigned count = job->worker_count;

    if (count > queue->count)
        count = (unsigned)queue->count;
    for (unsigned i = 1; i < count; i++) {
        struct copy_worker *worker = &job->workers[i];

        starts[i] = (struct start){queue, worker};
        worker->running = pthread_create(&worker->thread, NULL, run_worker, &starts[i]) == 0;
    }
    work(queue, &job->workers[0]);
    for (unsigned i = 1; i < count; i++)
        if (job->workers[i].running)
            pthread_join(job->workers[i].thread, NULL);
}

static bool is_left_out(const struct manifest *manifest, const struct descriptor *part)
{
    return manifest->kind == MANIFEST_INDEX ? descriptor_is_manifest(part)
                                            : descriptor_is_foreign(part);
}

/* Each blob that is to be at the target, once. */
static int handle_all(struct copy_job *job, const struct manifest *manifest, handle_blob *handle,
                      struct error *error)
{
    cleanup(json_decrefp) json_t *seen = json_object();
    cleanup_free const struct descriptor **blobs =
        xcalloc(manifest->part_count + 1, sizeof(struct descriptor *));
    struct queue queue = {.job = job, .handle = handle, .blobs = blobs};

    for (size_t i = 0; i < manifest->part_count; i++) {
        const struct descriptor *blob = &manifest->parts[i];

        if (is_left_out(manifest, blob) || json_object_get(seen, blob->digest.text))
            continue;
        json_object_set_new(seen, blob->digest.text, json_true());
        blobs[queue.count++] = blob;
    }
    if (queue.count)
        run_all(&queue);
    if (queue.error.kind == ERROR_NONE)
        return 0;
    *error = queue.error;
    return -1;
}

int copy_look_for_blobs(struct copy_job *job, const struct manifest *manifest, struct error *error)
{
    return handle_all(job, manifest, look_for_blob, error);
}

int copy_blobs(struct copy_job *job, const struct manifest *manifest, struct error *error)
{
    if (copy_look_for_blobs(job, manifest, error))
        return -1;
    return handle_all(job, manifest, copy_blob, error);
}
