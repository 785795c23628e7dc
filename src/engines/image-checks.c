// SPDX-License-Identifier: Apache-2.0
/* What engines ask of the image. Without one, the archive is seen as convert would wrap it. */
#include <string.h>

#include "engines/rules.h"
#include "oci/image.h"

void engine_check_manifest_type(const struct engine_rule *rule,
                                const struct restore_subject *subject, struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;

    if (!image || strcmp(image->manifest_type, MEDIA_TYPE_MANIFEST) == 0)
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "the manifest is of type %.255s, and only an OCI image manifest has the "
                  "annotations that mark a checkpoint",
                  image->manifest_type);
}

void engine_check_config_type(const struct engine_rule *rule, const struct restore_subject *subject,
                              struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;

    if (!image || strcmp(image->config_type, MEDIA_TYPE_CONFIG) == 0)
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "the config is of type %.255s, and engines take only " MEDIA_TYPE_CONFIG,
                  image->config_type);
}

void engine_check_layer_type(const struct engine_rule *rule, const struct restore_subject *subject,
                             struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;

    if (!image || image->layer_type_is_true)
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "the layer's bytes are not what its type %.255s says, and containerd goes by the "
                  "type",
                  image->layer_type);
}

void engine_check_platform(const struct engine_rule *rule, const struct restore_subject *subject,
                           struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;
    const char *os = image ? image->os : "linux";
    const char *architecture = image ? image->architecture : subject->checkpoint->architecture;

    if (os && *os && architecture && *architecture && strcmp(architecture, "unknown") != 0) {
        reasoning_add(reasoning, VERDICT_YES, rule->name, NULL,
                      "the image is for %.64s/%.64s, as the node has to be", os, architecture);
    } else if (image) {
        reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                      "the image's config names no platform, and containerd takes only an image "
                      "for the node's");
    } else {
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, NULL,
                      "the node's architecture in the image, with convert --arch: the archive does "
                      "not tell it, and containerd takes only an image for it");
    }
}

/* The annotation that marks the image, as it is or as convert would write it. */
static void check_annotation(const struct engine_rule *rule, struct reasoning *reasoning,
                             const char *key, const char *value, const char *where)
{
    if (value)
        reasoning_add(reasoning, VERDICT_YES, rule->name, NULL,
                      "%s the annotation %s that marks a checkpoint", where, key);
    else
        reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                      "%s no annotation %s: nothing marks the image as a checkpoint, and the pod "
                      "fails for want of a command",
                      where, key);
}

static void check_annotation_to_come(const struct engine_rule *rule, struct reasoning *reasoning,
                                     const char *key, const char *container)
{
    if (container)
        reasoning_add(reasoning, VERDICT_YES, rule->name, NULL,
                      "convert gives the image the annotation %s that marks a checkpoint", key);
    else
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, NULL,
                      "the container's name, with convert --name: the archive does not tell it, "
                      "and the annotation %s wants it",
                      key);
}

static const char *string_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void engine_check_crio_annotation(const struct engine_rule *rule,
                                  const struct restore_subject *subject,
                                  struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;
    const char *key = engine_info(rule->engine)->image_mark;

    if (!image)
        check_annotation_to_come(rule, reasoning, key, subject->checkpoint->container);
    else
        check_annotation(rule, reasoning, key, string_in(image->annotations, key),
                         "the manifest has");
}

void engine_check_containerd_annotation(const struct engine_rule *rule,
                                        const struct restore_subject *subject,
                                        struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;
    const char *key = engine_info(rule->engine)->image_mark;

    if (!image)
        check_annotation_to_come(rule, reasoning, key, subject->checkpoint->container);
    else
        check_annotation(rule, reasoning, key, string_in(image->top_annotations, key),
                         image->has_index ? "the name stands for an index, which has"
                                          : "the manifest has");
}

/* podman compares the value with the name of the runtime that it uses. */
void engine_check_podman_annotation(const struct engine_rule *rule,
                                    const struct restore_subject *subject,
                                    struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;
    const char *key = engine_info(rule->engine)->image_mark;
    const char *runtime = image ? string_in(image->annotations, key) : subject->checkpoint->runtime;

    if (runtime)
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, json_pack("[s]", runtime),
                      "an OCI runtime called \"%.128s\" on the host: podman compares its name with "
                      "the annotation %s",
                      runtime, key);
    else if (image)
        check_annotation(rule, reasoning, key, NULL, "the manifest has");
    else
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, NULL,
                      "convert --annotation %s=RUNTIME: the archive does not name its OCI runtime, "
                      "and podman wants the host's there",
                      key);
}
