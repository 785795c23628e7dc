// SPDX-License-Identifier: Apache-2.0
#include "task/copy-tags.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"

/* A registry's name for an image is a tag and nothing else. */
static int find_tag(const struct copy_job *job, const char *name, char **tag, struct error *error)
{
    if (job->options->source->kind == DESTINATION_REGISTRY && !reference_is_tag(name))
        return error_set(error, ERROR_FAILED, "\"%.300s\" is no tag", name);
    return destination_tag_for(job->destination, name, tag, error);
}

/* Whether both names are of one image. What cannot be read is not. */
static bool is_same_image(struct copy_job *job, const char *one, const char *other)
{
    cleanup(manifest_freep) struct manifest *a = NULL, *b = NULL;
    struct image_source *source = job->workers[0].source;
    struct error ignored;

    return image_source_get_manifest(source, one, &a, &ignored) == 0 &&
           image_source_get_manifest(source, other, &b, &ignored) == 0 &&
           digest_equal(&a->digest, &b->digest);
}

static void set_error(json_t *item, const char *text)
{
    json_object_del(item, "tag");
    json_set_text(item, "error", text);
}

/* The tag is taken by `before`; then the new item adds nothing, or neither can have it. */
static void settle(struct copy_job *job, json_t *plan, json_t *before, json_t *item)
{
    const char *name = json_get_text(item, "name"), *other = json_get_text(before, "name");
    const char *tag = json_get_text(item, "tag");
    cleanup_free char *reason = NULL;

    if (strcmp(name, other) == 0 ||
        (json_get_text(before, "tag") && is_same_image(job, name, other)))
        return;
    reason = xasprintf("\"%.300s\" and \"%.300s\" are different images, and both would be %s",
                       other, name, tag);
    if (json_get_text(before, "tag"))
        set_error(before, reason);
    set_error(item, reason);
    json_array_append(plan, item);
}

static void add(struct copy_job *job, json_t *plan, json_t *taken, const char *name)
{
    cleanup(json_decrefp) json_t *item = json_pack("{s:s}", "name", name);
    cleanup_free char *tag = NULL;
    struct error error;
    json_t *before;

    if (find_tag(job, name, &tag, &error)) {
        json_set_text(item, "error", error.text);
        json_array_append(plan, item);
        return;
    }
    json_set_text(item, "tag", tag);
    before = json_object_get(taken, tag);
    if (before) {
        settle(job, plan, before, item);
        return;
    }
    json_object_set(taken, tag, item);
    json_array_append(plan, item);
}

int copy_tags_plan(struct copy_job *job, json_t **ret, struct error *error)
{
    cleanup(json_decrefp) json_t *names = NULL, *unnamed = NULL, *taken = json_object();
    struct image_source *source = job->workers[0].source;
    json_t *plan, *name;
    size_t i;

    if (image_source_list_tags(source, &names, error))
        return copy_source_failed(job, error);
    unnamed = image_source_list_unnamed(source);
    if (json_array_size(names) == 0 && json_array_size(unnamed) > 0)
        return error_set(error, ERROR_FAILED,
                         "%s has no tags, and %zu images without a name; name one by its digest",
                         job->options->source->name, json_array_size(unnamed));
    if (json_array_size(names) == 0)
        return error_set(error, ERROR_FAILED, "%s has no tags", job->options->source->name);
    plan = json_array();
    json_array_foreach(names, i, name)
    {
        const char *text = json_text(name);

        if (text)
            add(job, plan, taken, text);
        else
            json_array_append_new(plan, json_pack("{s:s, s:s}", "name", "?", "error",
                                                  "a tag in the list is no text"));
    }
    *ret = plan;
    return 0;
}

void copy_tags_tell_left_out(struct copy_job *job)
{
    cleanup(json_decrefp) json_t *unnamed = image_source_list_unnamed(job->workers[0].source);
    size_t i, count = 0;
    json_t *digest;

    json_array_foreach(unnamed, i, digest)
    {
        const char *text = json_text(digest);

        count += !text || !json_object_get(job->copied, text);
    }
    if (count)
        log_warning("%s: %zu of its manifests have no name and were not copied: name one by its "
                    "digest, or copy those that refer to others with --referrers",
                    job->options->source->name, count);
}
