// SPDX-License-Identifier: Apache-2.0
#include "task/copy.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "task/copy-blobs.h"
#include "task/copy-tags.h"

static int copy_named(struct copy_job *job, const char *reference, const struct manifest_name *name,
                      int depth, struct error *error);
static int look_ahead(struct copy_job *job, const char *reference, const char *digest, int depth,
                      struct error *error);
static int copy_whole(struct copy_job *job, const struct manifest *manifest,
                      const struct manifest_name *name, int depth, struct error *error);

static void note(struct copy_job *job, const struct manifest *manifest,
                 const struct manifest_name *name, bool has)
{
    cleanup_free char *reference = destination_name_with(job->destination, name->tag);
    struct copy_outcome *outcome = job->outcome;
    bool dry_run = job->options->dry_run;
    json_t *step;

    if (!name->is_part)
        json_array_append_new(outcome->images,
                              json_pack("{s:o, s:s, s:s}", "reference", utf8_text(reference),
                                        "digest", manifest->digest.text, "status",
                                        has       ? "unchanged"
                                        : dry_run ? "would copy"
                                                  : "copied"));
    if (!dry_run || has)
        return;
    step = json_pack("{s:s, s:s, s:s, s:I}", "action", "manifest", "digest", manifest->digest.text,
                     "mediaType", manifest->media_type, "size", (json_int_t)manifest->len);
    if (!name->is_part)
        json_set_text(step, "reference", reference);
    json_array_append_new(outcome->plan, step);
}

static int check_depth(const char *reference, int depth, struct error *error)
{
    if (depth <= COPY_MAX_DEPTH)
        return 0;
    return error_set(error, ERROR_FAILED,
                     "manifest %s: more than %d indexes or referrers inside each other", reference,
                     COPY_MAX_DEPTH);
}

/* A manifest that is there is not put again, because a tag may be immutable. One with a subject is:
 * only that makes sure that the registry lists it as a referrer. */
static int put(struct copy_job *job, const struct manifest *manifest,
               const struct manifest_name *name, struct error *error)
{
    struct image_target *target = job->workers[0].target;
    struct digest subject;
    bool has = false;

    if (image_target_has_manifest(target, manifest, name, &has, error))
        return copy_destination_failed(job, error);
    if (!job->options->dry_run && (!has || manifest_subject(manifest, &subject)) &&
        image_target_put_manifest(target, manifest, name, error))
        return copy_destination_failed(job, error);
    note(job, manifest, name, has);
    return 0;
}

/* Whether the part is for the platform, as the best there is for it. */
static bool is_for(const struct manifest *index, size_t part, const struct platform *wanted)
{
    struct platform is = manifest_platform(index, part);
    struct platform best = manifest_platform(index, manifest_find_platform(index, wanted));

    return platform_is_same(&best, wanted) ? platform_is_same(&is, wanted)
                                           : platform_matches(&is, wanted);
}

static bool is_wanted(const struct copy_options *options, const struct manifest *index, size_t part)
{
    if (options->platform_count == 0)
        return true;
    for (unsigned i = 0; i < options->platform_count; i++)
        if (is_for(index, part, &options->platforms[i]))
            return true;
    return false;
}

/* Each platform that is wanted must be there. *part is the one for the first platform. */
static int find_platforms(const struct copy_options *options, const struct manifest *index,
                          size_t *part, struct error *error)
{
    for (unsigned i = options->platform_count; i-- > 0;) {
        *part = manifest_find_platform(index, &options->platforms[i]);
        if (*part == index->part_count) {
            cleanup_free char *name = platform_text(&options->platforms[i]);

            return error_set(error, ERROR_FAILED, "index %s has no image for %s",
                             index->digest.text, name);
        }
    }
    return 0;
}

typedef int handle_part(struct copy_job *job, const char *digest, int depth, struct error *error);

/* Each manifest of the index that is wanted. */
static int for_each_part(struct copy_job *job, const struct manifest *index, handle_part *handle,
                         int depth, struct error *error)
{
    for (size_t i = 0; i < index->part_count; i++)
        if (descriptor_is_manifest(&index->parts[i]) && is_wanted(job->options, index, i) &&
            handle(job, index->parts[i].digest.text, depth + 1, error))
            return -1;
    return 0;
}

static int copy_part(struct copy_job *job, const char *digest, int depth, struct error *error)
{
    const struct manifest_name part = {.is_part = true};

    return copy_named(job, digest, &part, depth, error);
}

/* The blobs first: an index may have some, too. */
static int copy_parts(struct copy_job *job, const struct manifest *index, int depth,
                      struct error *error)
{
    if (copy_blobs(job, index, error))
        return -1;
    return for_each_part(job, index, copy_part, depth, error);
}

static int copy_referrers(struct copy_job *job, const struct digest *subject, int depth,
                          struct error *error)
{
    const struct manifest_name nameless = {0};
    cleanup(json_decrefp) json_t *descriptors = NULL;
    size_t i;
    json_t *json;

    if (image_source_list_referrers(job->workers[0].source, subject, &descriptors, error))
        return copy_source_failed(job, error);
    json_array_foreach(descriptors, i, json)
    {
        struct descriptor descriptor;

        if (manifest_read_descriptor(json, &descriptor, error)) {
            error_context(error, "the referrers of %s", subject->text);
            return copy_source_failed(job, error);
        }
        if (copy_named(job, descriptor.digest.text, &nameless, depth + 1, error))
            return -1;
    }
    return 0;
}

/* What cosign keeps of a manifest where it makes no referrers of it, as it does by default before
 * version 3: images whose tags say which one they are about. */
static int copy_cosign_images(struct copy_job *job, const struct digest *subject, int depth,
                              struct error *error)
{
    static const char *const ends[] = {"sig", "att", "sbom"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        cleanup_free char *stem = digest_tag(subject), *tag = xasprintf("%s.%s", stem, ends[i]);
        const struct manifest_name name = {.tag = tag};
        cleanup(manifest_freep) struct manifest *manifest = NULL;

        if (image_source_get_manifest(job->workers[0].source, tag, &manifest, error) == 0) {
            if (check_depth(tag, depth + 1, error) ||
                copy_whole(job, manifest, &name, depth + 1, error))
                return error_context(error, "tag %s", tag);
        } else if (error->http_status != 404) {
            return copy_source_failed(job, error);
        }
    }
    return 0;
}

/* All that is about the manifest, and what is about that. With all tags, those of cosign come by
 * themselves. */
static int copy_attached(struct copy_job *job, const struct digest *subject, int depth,
                         struct error *error)
{
    if (copy_referrers(job, subject, depth, error))
        return -1;
    return job->options->all_tags ? 0 : copy_cosign_images(job, subject, depth, error);
}

/* Copies what the manifest names, then the manifest, then what refers to it. */
static int copy_steps(struct copy_job *job, const struct manifest *manifest,
                      const struct manifest_name *name, bool is_new, int depth, struct error *error)
{
    if (is_new && (manifest->kind == MANIFEST_INDEX ? copy_parts(job, manifest, depth, error)
                                                    : copy_blobs(job, manifest, error)))
        return -1;
    if (put(job, manifest, name, error))
        return -1;
    if (is_new && job->options->referrers)
        return copy_attached(job, &manifest->digest, depth, error);
    return 0;
}

static int check_digest(const struct manifest *manifest, const char *wanted, struct error *error)
{
    if (!wanted || strcmp(wanted, manifest->digest.text) == 0)
        return 0;
    return error_set(error, ERROR_FAILED,
                     "the destination is to have %s, and the image at the source has %s", wanted,
                     manifest->digest.text);
}

static int copy_whole(struct copy_job *job, const struct manifest *manifest,
                      const struct manifest_name *name, int depth, struct error *error)
{
    bool is_new = !json_object_get(job->copied, manifest->digest.text);

    if (check_digest(manifest, name->digest, error))
        return -1;
    if ((job->options->all_tags ? !name->is_part : json_object_size(job->copied) == 0) &&
        image_target_admit(job->workers[0].target, manifest, name, !job->options->all_tags, error))
        return -1;
    if (is_new)
        json_object_set_new(job->copied, manifest->digest.text, json_true());
    if (copy_steps(job, manifest, name, is_new, depth, error) == 0)
        return 0;
    if (is_new) /* another tag may still need all of it */
        json_object_del(job->copied, manifest->digest.text);
    return -1;
}

/* One that was read ahead is handed over. `reference` NULL: the image that the source was made for.
 */
static int get_manifest(struct copy_job *job, const char *reference, struct manifest **manifest,
                        struct error *error)
{
    struct image_source *source = job->workers[0].source;

    *manifest = copy_manifests_take(&job->ahead, reference);
    if (*manifest)
        return 0;
    if (reference ? image_source_get_manifest(source, reference, manifest, error)
                  : destination_get_manifest(job->options->source, source, manifest, error))
        return copy_source_failed(job, error);
    return 0;
}

/* A manifest, everything it names, and its referrers if they are wanted. `reference` NULL: the
 * image that the source was made for. */
static int copy_named(struct copy_job *job, const char *reference, const struct manifest_name *name,
                      int depth, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    size_t part = 0;

    if (check_depth(reference, depth, error) || cancel_check(job->cancel, error) ||
        get_manifest(job, reference, &manifest, error))
        return -1;
    if (manifest->kind == MANIFEST_INDEX && job->options->platform_count) {
        if (find_platforms(job->options, manifest, &part, error))
            return -1;
        /* Of one platform, no index is needed. */
        if (job->options->platform_count == 1)
            return copy_named(job, manifest->parts[part].digest.text, name, depth + 1, error);
    }
    return copy_whole(job, manifest, name, depth, error);
}

static int look_at_part(struct copy_job *job, const char *digest, int depth, struct error *error)
{
    return look_ahead(job, digest, NULL, depth, error);
}

/* Reads the image's manifests and finds out which blobs the target lacks. What refers to it is
 * found later, and adds to the total then. */
static int look_ahead(struct copy_job *job, const char *reference, const char *digest, int depth,
                      struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    bool is_index;
    size_t part = 0;
    int result;

    if (check_depth(reference, depth, error) || cancel_check(job->cancel, error) ||
        get_manifest(job, reference, &manifest, error))
        return -1;
    if (json_object_get(job->copied, manifest->digest.text))
        return 0;
    is_index = manifest->kind == MANIFEST_INDEX;
    if (is_index && find_platforms(job->options, manifest, &part, error))
        return -1;
    if (is_index && job->options->platform_count == 1)
        result = look_ahead(job, manifest->parts[part].digest.text, digest, depth + 1, error);
    else
        result = check_digest(manifest, digest, error) ||
                 copy_look_for_blobs(job, manifest, error) ||
                 (is_index && for_each_part(job, manifest, look_at_part, depth, error));
    if (result)
        return -1;
    copy_manifests_keep(&job->ahead, reference, steal(manifest));
    return 0;
}

/* Copies an image that is asked for, when it is known what there is to do. What is not moved of the
 * one before it never will be. */
static int copy_image(struct copy_job *job, const char *reference, const struct manifest_name *name,
                      struct error *error)
{
    int result;

    atomic_store(&job->progress->bytes_total, atomic_load(&job->progress->bytes_sent));
    json_object_clear(job->presence);
    result = look_ahead(job, reference, name->digest, 0, error) ||
             copy_named(job, reference, name, 0, error);
    copy_manifests_done(&job->ahead);
    return result ? -1 : 0;
}

static int copy_tag(struct copy_job *job, const json_t *item, struct error *error)
{
    const struct manifest_name name = {.tag = json_get_text(item, "tag")};

    if (!name.tag)
        return error_set(error, ERROR_FAILED, "%s", json_get_text(item, "error"));
    return copy_image(job, json_get_text(item, "name"), &name, error);
}

static void note_failure(struct copy_job *job, const json_t *item, const struct error *error)
{
    json_array_append_new(job->outcome->failed,
                          json_pack("{s:O, s:s}", "tag", json_object_get(item, "name"), "error",
                                    error->text));
}

/* -1: interrupted, or there is no list. 0: *failure tells of those that could not be copied; it is
 * of the kind of the first of them if there are no others. */
static int copy_all_tags(struct copy_job *job, struct error *failure, struct error *error)
{
    cleanup(json_decrefp) json_t *plan = NULL;
    size_t i, copied = 0, failed = 0;
    json_t *item;

    if (copy_tags_plan(job, &plan, error))
        return -1;
    json_array_foreach(plan, i, item)
    {
        struct error reason = {0};

        if (copy_tag(job, item, &reason) == 0) {
            copied++;
            continue;
        }
        if (reason.kind == ERROR_INTERRUPTED) {
            *error = reason;
            return -1;
        }
        note_failure(job, item, &reason);
        if (failed++ == 0)
            *failure = reason;
        if (job->options->fail_fast)
            break;
    }
    copy_tags_tell_left_out(job);
    if (failed)
        error_set(failure, copied ? ERROR_FAILED : failure->kind,
                  "%zu of %zu tags could not be copied", failed, json_array_size(plan));
    return 0;
}

static int copy_images(struct copy_job *job, struct error *error)
{
    const struct manifest_name name = {.tag = destination_tag(job->destination),
                                       .digest = destination_digest(job->destination)};
    struct error failure = {0};
    bool is_useless;

    if (copy_worker_open(&job->workers[0], error))
        return -1;
    if (job->options->all_tags ? copy_all_tags(job, &failure, error)
                               : copy_image(job, NULL, &name, error))
        return -1;
    /* An archive file is not to be replaced by one that nobody wants. */
    is_useless = failure.kind != ERROR_NONE &&
                 (job->options->fail_fast || json_array_size(job->outcome->images) == 0);
    if (!job->options->dry_run && !is_useless &&
        image_target_publish(job->workers[0].target, error))
        return copy_destination_failed(job, error);
    if (failure.kind == ERROR_NONE)
        return 0;
    if (is_useless && job->destination->kind == DESTINATION_ARCHIVE)
        json_array_clear(job->outcome->images);
    *error = failure;
    return -1;
}

static void pass_cancel_on(void *context)
{
    cancel_trigger(context);
}

static void job_done(struct copy_job *job)
{
    /* The first one last: it removes a directory that it has created for nothing. */
    for (unsigned i = job->worker_count; i-- > 0;) {
        image_target_free(job->workers[i].target);
        image_source_free(job->workers[i].source);
    }
    json_decref(job->copied);
    json_decref(job->presence);
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
        .presence = json_object(),
        .worker_count = options->jobs,
        .outcome = outcome,
    };
    struct error error; /* its text may be set although nothing has failed */

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
        outcome->failed = json_array();
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
        json_decref(result->outcomes[i].failed);
    }
    result->outcome_count = 0;
}
