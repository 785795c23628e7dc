// SPDX-License-Identifier: Apache-2.0
#include "task/copy.h"

#include "base/clock.h"
#include "base/memory.h"
#include "task/copy-blobs.h"

static int copy_named(struct copy_job *job, const char *reference, const struct manifest_name *name,
                      int depth, struct error *error);

/* "docker://host/path:tag", for people. */
static char *name_at(const struct destination *destination, const char *tag)
{
    const char *colon = tag ? ":" : "";

    tag = tag ? tag : "";
    if (destination->kind == DESTINATION_REGISTRY)
        return xasprintf("docker://%s/%s%s%s", destination->reference.domain,
                         destination->reference.path, colon, tag);
    return xasprintf("%s%s%s%s", destination->kind == DESTINATION_LAYOUT ? "oci:" : "oci-archive:",
                     destination->path, colon, tag);
}

static void note(struct copy_job *job, const struct manifest *manifest,
                 const struct manifest_name *name, bool has)
{
    cleanup_free char *reference = name_at(job->destination, name->tag);
    struct copy_outcome *outcome = job->outcome;

    if (!name->is_part)
        json_array_append_new(outcome->images, json_pack("{s:s, s:s, s:s}", "reference", reference,
                                                         "digest", manifest->digest.text, "status",
                                                         has ? "unchanged" : "copied"));
    if (job->options->dry_run && !has)
        json_array_append_new(outcome->plan,
                              json_pack("{s:s, s:s, s:s, s:I}", "action", "manifest", "digest",
                                        manifest->digest.text, "mediaType", manifest->media_type,
                                        "size", (json_int_t)manifest->len));
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
        return -1;
    if (!job->options->dry_run && (!has || manifest_subject(manifest, &subject)) &&
        image_target_put_manifest(target, manifest, name, error))
        return -1;
    note(job, manifest, name, has);
    return 0;
}

static bool is_wanted(const struct copy_options *options, const struct manifest *index, size_t part)
{
    struct platform is = manifest_platform(index, part);

    if (options->platform_count == 0)
        return true;
    for (unsigned i = 0; i < options->platform_count; i++)
        if (platform_matches(&is, &options->platforms[i]))
            return true;
    return false;
}

/* Each platform that is wanted must be there. *part is the first one for the first platform. */
static int find_platforms(const struct copy_options *options, const struct manifest *index,
                          size_t *part, struct error *error)
{
    for (unsigned i = options->platform_count; i-- > 0;) {
        const struct platform *wanted = &options->platforms[i];
        size_t found;

        for (found = 0; found < index->part_count; found++) {
            struct platform is = manifest_platform(index, found);

            if (platform_matches(&is, wanted))
                break;
        }
        if (found == index->part_count) {
            cleanup_free char *name = platform_text(wanted);

            return error_set(error, ERROR_FAILED, "index %s has no image for %s",
                             index->digest.text, name);
        }
        *part = found;
    }
    return 0;
}

static int copy_parts(struct copy_job *job, const struct manifest *index, int depth,
                      struct error *error)
{
    const struct manifest_name part = {.is_part = true};

    for (size_t i = 0; i < index->part_count; i++)
        if (is_wanted(job->options, index, i) &&
            copy_named(job, index->parts[i].digest.text, &part, depth + 1, error))
            return -1;
    return 0;
}

static int copy_referrers(struct copy_job *job, const struct digest *subject, int depth,
                          struct error *error)
{
    const struct manifest_name nameless = {0};
    cleanup(json_decrefp) json_t *descriptors = NULL;
    size_t i;
    json_t *json;

    if (image_source_list_referrers(job->workers[0].source, subject, &descriptors, error))
        return -1;
    json_array_foreach(descriptors, i, json)
    {
        struct descriptor descriptor;

        if (manifest_read_descriptor(json, &descriptor, error))
            return error_context(error, "the referrers of %s", subject->text);
        if (copy_named(job, descriptor.digest.text, &nameless, depth + 1, error))
            return -1;
    }
    return 0;
}

/* Copies what the manifest names, then the manifest, then what refers to it. */
static int copy_whole(struct copy_job *job, const struct manifest *manifest,
                      const struct manifest_name *name, int depth, struct error *error)
{
    bool is_new = !json_object_get(job->copied, manifest->digest.text);

    if (is_new) {
        json_object_set_new(job->copied, manifest->digest.text, json_true());
        if (manifest->kind == MANIFEST_INDEX ? copy_parts(job, manifest, depth, error)
                                             : copy_blobs(job, manifest, error))
            return -1;
    }
    if (put(job, manifest, name, error))
        return -1;
    if (is_new && job->options->referrers)
        return copy_referrers(job, &manifest->digest, depth, error);
    return 0;
}

/* A manifest, everything it names, and its referrers if they are wanted. `reference` NULL: the
 * image that the source was made for. */
static int copy_named(struct copy_job *job, const char *reference, const struct manifest_name *name,
                      int depth, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    size_t part = 0;

    if (depth > COPY_MAX_DEPTH)
        return error_set(error, ERROR_FAILED,
                         "manifest %s: more than %d indexes or referrers inside each other",
                         reference, COPY_MAX_DEPTH);
    if (cancel_check(job->cancel, error) ||
        image_source_get_manifest(job->workers[0].source, reference, &manifest, error))
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
        if (copy_named(job, name.tag, &name, 0, error))
            return error_context(error, "tag %s", name.tag);
    }
    return 0;
}

static int copy_images(struct copy_job *job, struct error *error)
{
    const struct manifest_name name = {.tag = destination_tag(job->destination)};

    if (copy_worker_open(&job->workers[0], error))
        return -1;
    if (job->options->all_tags ? copy_all_tags(job, error) : copy_named(job, NULL, &name, 0, error))
        return -1;
    return job->options->dry_run ? 0 : image_target_publish(job->workers[0].target, error);
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
