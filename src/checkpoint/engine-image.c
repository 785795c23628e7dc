// SPDX-License-Identifier: Apache-2.0
/* What engines ask of the image. Without one, the archive is seen as convert would wrap it. */
#include <string.h>

#include "base/json.h"
#include "checkpoint/engine-rules.h"
#include "oci/image.h"

#define CRIO_ANNOTATION "io.kubernetes.cri-o.annotations.checkpoint.name"
#define CONTAINERD_ANNOTATION "org.criu.checkpoint.container.name"
#define PODMAN_ANNOTATION "io.podman.annotations.checkpoint.runtime.name"

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

void engine_check_crio_annotation(const struct engine_rule *rule,
                                  const struct restore_subject *subject,
                                  struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;

    if (!image)
        check_annotation_to_come(rule, reasoning, CRIO_ANNOTATION, subject->checkpoint->container);
    else
        check_annotation(rule, reasoning, CRIO_ANNOTATION,
                         json_get_text(image->annotations, CRIO_ANNOTATION), "the manifest has");
}

void engine_check_containerd_annotation(const struct engine_rule *rule,
                                        const struct restore_subject *subject,
                                        struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;

    if (!image)
        check_annotation_to_come(rule, reasoning, CONTAINERD_ANNOTATION,
                                 subject->checkpoint->container);
    else
        check_annotation(rule, reasoning, CONTAINERD_ANNOTATION,
                         json_get_text(image->top_annotations, CONTAINERD_ANNOTATION),
                         image->has_index ? "the name stands for an index, which has"
                                          : "the manifest has");
}

/* podman compares the value with the name of the runtime that it uses. */
void engine_check_podman_annotation(const struct engine_rule *rule,
                                    const struct restore_subject *subject,
                                    struct reasoning *reasoning)
{
    const struct restore_image *image = subject->image;
    const char *runtime =
        image ? json_get_text(image->annotations, PODMAN_ANNOTATION) : subject->checkpoint->runtime;

    if (runtime)
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, json_pack("[s]", runtime),
                      "an OCI runtime called \"%.128s\" on the host: podman compares its name with "
                      "the annotation " PODMAN_ANNOTATION,
                      runtime);
    else if (image)
        check_annotation(rule, reasoning, PODMAN_ANNOTATION, NULL, "the manifest has");
    else
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, NULL,
                      "convert --annotation " PODMAN_ANNOTATION "=RUNTIME: the archive does not "
                      "name its OCI runtime, and podman wants the host's there");
}
