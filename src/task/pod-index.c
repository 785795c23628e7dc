// SPDX-License-Identifier: Apache-2.0
#include "task/pod-index.h"

#include <string.h>

#include "base/memory.h"
#include "oci/image-target.h"

/* All borrowed. */
struct part {
    const struct image *image;
    json_t *annotations; /* of its manifest */
};

/* The index gets them if all images say the same. */
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

static json_t *describe_image(const struct part *part)
{
    const struct descriptor *manifest = &part->image->manifest;

    return json_pack("{s:s, s:s, s:I, s:o, s:O}", "mediaType", manifest->media_type, "digest",
                     manifest->digest.text, "size", (json_int_t)manifest->size, "platform",
                     describe_platform(part->image), "annotations", part->annotations);
}

static bool all_agree(const struct part *parts, size_t count, const char *key)
{
    json_t *first = json_object_get(parts[0].annotations, key);

    for (size_t i = 0; i < count; i++)
        if (!json_equal(first, json_object_get(parts[i].annotations, key)))
            return false;
    return first;
}

static json_t *describe_pod(const struct part *parts, size_t count)
{
    json_t *annotations = json_object();

    for (size_t i = 0; i < sizeof pod_annotations / sizeof *pod_annotations; i++)
        if (all_agree(parts, count, pod_annotations[i]))
            json_object_set(annotations, pod_annotations[i],
                            json_object_get(parts[0].annotations, pod_annotations[i]));
    return annotations;
}

/* Each image with its platform and all of its annotations. The index itself gets only annotations
 * of the pod, so that no engine takes it for a checkpoint. Deterministic. */
static int build(struct manifest **index, const struct part *parts, size_t count,
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

static bool has_image(const struct container_outcome *outcome, unsigned destination)
{
    return outcome->is_converted &&
           outcome->convert->deliveries[destination].error.kind == ERROR_NONE;
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

int pod_index_put(const struct container_checkpoint_result *result, unsigned destination,
                  const struct registry_options *registry, struct cancel *cancel,
                  struct index_outcome *outcome, struct error *error)
{
    const struct destination *place = outcome->destination;
    cleanup_free struct part *parts = xcalloc(result->container_count, sizeof *parts);
    cleanup(manifest_freep) struct manifest *index = NULL;
    cleanup(image_target_freep) struct image_target *target = NULL;

    for (size_t i = 0; i < result->container_count; i++) {
        const struct container_outcome *container = &result->containers[i];

        if (!has_image(container, destination))
            return error_set(error, ERROR_FAILED,
                             "%s was not written: there is no image of container %s to be listed",
                             place->name, container->container);
        parts[i] = (struct part){container->convert->image, container->convert->annotations};
    }
    if (build(&index, parts, result->container_count, error))
        return -1;
    target = destination_target_new(place, registry, cancel);
    if (put(target, index, destination_tag(place), &outcome->already_there, error))
        return error_context(error, "push the pod's index to %s", place->name);
    outcome->digest = index->digest;
    return 0;
}
