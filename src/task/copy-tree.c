// SPDX-License-Identifier: Apache-2.0
#include "task/copy-job.h"

#include "base/memory.h"

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

/* One that is there is left alone, as immutable tags want it. Not one with a subject: whether it is
 * known as a referrer, only putting it tells. */
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
        if (found == index->part_count)
            return error_set(error, ERROR_FAILED, "index %s has no image for %s/%s%s%s",
                             index->digest.text, wanted->os, wanted->architecture,
                             wanted->variant ? "/" : "", wanted->variant ? wanted->variant : "");
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

/* What the manifest names comes before it, what refers to it after. */
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
        /* An index is for several. */
        if (job->options->platform_count == 1)
            return copy_named(job, manifest->parts[part].digest.text, name, depth + 1, error);
    }
    return copy_whole(job, manifest, name, depth, error);
}

int copy_tree(struct copy_job *job, const char *reference, const struct manifest_name *name,
              struct error *error)
{
    return copy_named(job, reference, name, 0, error);
}
