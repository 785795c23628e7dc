// SPDX-License-Identifier: Apache-2.0
#include "task/pod-index.h"

#include <string.h>

#include "oci/image-target.h"

/* Copied where all images say the same. */
static const char *const pod_annotations[] = {
    "org.criu.checkpoint.pod.name",
    "org.criu.checkpoint.pod.namespace",
    "org.criu.checkpoint.pod.id",
};

static json_t *describe_platform(const struct image *image)
{
    json_t *config = json_loadb(image->config_json, image->config.size, 0, NULL);
    json_t *platform =
        json_pack("{s:O, s:O}", "architecture", json_object_get(config, "architecture"), "os",
                  json_object_get(config, "os"));

    json_decref(config);
    return platform;
}

static json_t *describe_image(const struct pod_index_part *part)
{
    const struct descriptor *manifest = &part->image->manifest;

    return json_pack("{s:s, s:s, s:I, s:o, s:O}", "mediaType", manifest->media_type, "digest",
                     manifest->digest.text, "size", (json_int_t)manifest->size, "platform",
                     describe_platform(part->image), "annotations", part->annotations);
}

static bool all_agree(const struct pod_index_part *parts, size_t count, const char *key)
{
    json_t *first = json_object_get(parts[0].annotations, key);

    for (size_t i = 0; i < count; i++)
        if (!json_equal(first, json_object_get(parts[i].annotations, key)))
            return false;
    return first;
}

static json_t *describe_pod(const struct pod_index_part *parts, size_t count)
{
    json_t *annotations = json_object();

    for (size_t i = 0; i < sizeof pod_annotations / sizeof *pod_annotations; i++)
        if (all_agree(parts, count, pod_annotations[i]))
            json_object_set(annotations, pod_annotations[i],
                            json_object_get(parts[0].annotations, pod_annotations[i]));
    return annotations;
}

int pod_index_build(struct manifest **index, const struct pod_index_part *parts, size_t count,
                    struct error *error)
{
    cleanup(json_decrefp) json_t *json = NULL, *images = json_array();
    cleanup_free char *text = NULL;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(images, describe_image(&parts[i]));
    json = json_pack("{s:i, s:s, s:O, s:o}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_INDEX,
                     "manifests", images, "annotations", describe_pod(parts, count));
    text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        abort();
    if (manifest_new(index, text, strlen(text), MEDIA_TYPE_INDEX, error))
        return error_context(error, "the pod's index");
    text = NULL; /* the manifest's now */
    return 0;
}

static int put(struct image_target *target, const struct manifest *index, const char *tag,
               bool *already_there, struct error *error)
{
    const struct manifest_name name = {.tag = tag};

    if (image_target_open(target, NULL, error) ||
        image_target_has_manifest(target, index, &name, already_there, error))
        return -1;
    if (!*already_there && image_target_put_manifest(target, index, &name, error))
        return -1;
    return image_target_publish(target, error);
}

int pod_index_put(const struct destination *destination, const struct manifest *index,
                  const struct registry_options *registry, struct cancel *cancel,
                  bool *already_there, struct error *error)
{
    cleanup(image_target_freep) struct image_target *target =
        destination_target_new(destination, registry, cancel);

    if (put(target, index, destination_tag(destination), already_there, error))
        return error_context(error, "push the pod's index to %s", destination->name);
    return 0;
}
