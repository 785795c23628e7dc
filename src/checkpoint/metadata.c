// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/core-image.h"

static json_t *parse_object(const struct buffer *buffer, const char *member, struct error *error)
{
    json_error_t at;
    json_t *json;

    if (buffer->len == 0) {
        error_set(error, ERROR_ARCHIVE, "%s is empty", member);
        return NULL;
    }
    json = json_loadb(buffer->data, buffer->len, JSON_REJECT_DUPLICATES, &at);
    if (!json) {
        error_set(error, ERROR_ARCHIVE, "%s is not valid JSON: line %d: %s", member, at.line,
                  at.text);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        error_set(error, ERROR_ARCHIVE, "%s is not a JSON object", member);
        return NULL;
    }
    return json;
}

/* CRI-O has annotations that are JSON themselves. A new reference; NULL: missing or no JSON. */
static json_t *parse_annotation(const json_t *annotations, const char *key)
{
    const char *text = json_get_text(annotations, key);

    return text ? json_loads(text, 0, NULL) : NULL;
}

/* One of them holds the name that Kubernetes knows. */
static char *crio_container(const json_t *annotations)
{
    cleanup(json_decrefp) json_t *metadata =
        parse_annotation(annotations, "io.kubernetes.cri-o.Metadata");

    return json_copy_nonempty(metadata, "name");
}

static bool has_crio_annotations(const json_t *annotations)
{
    cleanup(json_decrefp) json_t *inner =
        parse_annotation(annotations, "io.kubernetes.cri-o.Annotations");

    return json_is_object(inner);
}

/* The "sha256:..." of "name@sha256:...", the first one where several are listed. */
static char *digest_of(const char *names)
{
    const char *at = names ? strstr(names, "@sha256:") : NULL;

    if (!at || strspn(at + 8, "0123456789abcdef") != 64)
        return NULL;
    return xstrndup(at + 1, 7 + 64);
}

static void read_kubernetes(struct checkpoint *checkpoint, const json_t *config)
{
    checkpoint->runtime = json_copy_nonempty(config, "runtime");
    checkpoint->image_requested = json_copy_nonempty(config, "rootfsImage");
    checkpoint->image_name = json_copy_nonempty(config, "rootfsImageName");
    checkpoint->image_id = json_copy_nonempty(config, "rootfsImageRef");
}

static void read_crio(struct checkpoint *checkpoint, const json_t *config,
                      const json_t *annotations)
{
    read_kubernetes(checkpoint, config);
    checkpoint->container = crio_container(annotations);
    checkpoint->pod = json_copy_nonempty(annotations, "io.kubernetes.pod.name");
    checkpoint->pod_namespace = json_copy_nonempty(annotations, "io.kubernetes.pod.namespace");
    checkpoint->pod_id = json_copy_nonempty(annotations, "io.kubernetes.cri-o.SandboxID");
    checkpoint->image_digest =
        digest_of(json_get_text(annotations, "io.kubernetes.cri-o.ImageRepoDigests"));
}

static void read_containerd(struct checkpoint *checkpoint, const json_t *config,
                            const json_t *annotations)
{
    read_kubernetes(checkpoint, config);
    checkpoint->container = json_copy_nonempty(annotations, "io.kubernetes.cri.container-name");
    checkpoint->pod = json_copy_nonempty(annotations, "io.kubernetes.cri.sandbox-name");
    checkpoint->pod_namespace =
        json_copy_nonempty(annotations, "io.kubernetes.cri.sandbox-namespace");
    checkpoint->pod_id = json_copy_nonempty(annotations, "io.kubernetes.cri.sandbox-id");
    checkpoint->image_digest = digest_of(checkpoint->image_id);
}

/* podman's config.dump is its own container configuration; key names as its Go source spells
 * them, which varies. */
static void read_podman(struct checkpoint *checkpoint, const json_t *config)
{
    checkpoint->container = json_copy_nonempty(config, "name");
    checkpoint->runtime = json_copy_nonempty(config, "runtime");
    if (!checkpoint->runtime)
        checkpoint->runtime = json_copy_nonempty(config, "ociRuntime");
    checkpoint->image_name = json_copy_nonempty(config, "rootfsImageName");
    checkpoint->image_id = json_copy_nonempty(config, "rootfsImageID");
    checkpoint->raw_image_name = json_copy_nonempty(config, "RawImageName");
    if (!checkpoint->raw_image_name)
        checkpoint->raw_image_name = json_copy_nonempty(config, "rawImageName");
    if (checkpoint->raw_image_name)
        checkpoint->image_requested = xstrdup(checkpoint->raw_image_name);
}

/* config.dump tells the time of the checkpoint where the engine is new enough; otherwise CRIU's
 * last image does. Either is the archive's own, so it is the same in every run. */
static time_t checkpoint_time(const json_t *config, time_t inventory_time)
{
    const char *text = json_get_text(config, "checkpointedTime");
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    int hours, minutes;
    char sign;
    time_t time;

    /* Go's zero time stands for "not set". */
    if (!rest || tm.tm_year + 1900 < 1970)
        return inventory_time;
    time = timegm(&tm);
    rest += strcspn(rest, "Z+-");
    if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
        time -= (sign == '-' ? -60 : 60) * (60 * hours + minutes);
    return time;
}

static void read_facts(struct checkpoint *checkpoint, const struct walk *walk)
{
    const json_t *config = checkpoint->config;
    const json_t *annotations = json_object_get(checkpoint->spec, "annotations");

    checkpoint->engine = engine_detect(annotations);
    switch (checkpoint->engine) {
    case ENGINE_CRIO:
        read_crio(checkpoint, config, annotations);
        break;
    case ENGINE_CONTAINERD:
        read_containerd(checkpoint, config, annotations);
        break;
    case ENGINE_PODMAN:
        read_podman(checkpoint, config);
        break;
    case ENGINE_UNKNOWN:
        read_kubernetes(checkpoint, config);
        break;
    }
    checkpoint->has_crio_annotations = has_crio_annotations(annotations);
    checkpoint->architecture = core_image_architecture(&walk->core_head);
    checkpoint->time = checkpoint_time(config, walk->inventory_time);
}

int checkpoint_parse(struct checkpoint *ret, const struct walk *walk, struct error *error)
{
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};

    if (!(checkpoint.spec = parse_object(&walk->spec_dump, "spec.dump", error)) ||
        !(checkpoint.config = parse_object(&walk->config_dump, "config.dump", error)))
        return -1;
    read_facts(&checkpoint, walk);
    *ret = checkpoint;
    checkpoint = (struct checkpoint){0};
    return 0;
}

void checkpoint_done(struct checkpoint *checkpoint)
{
    json_decref(checkpoint->spec);
    json_decref(checkpoint->config);
    free(checkpoint->container);
    free(checkpoint->pod);
    free(checkpoint->pod_namespace);
    free(checkpoint->pod_id);
    free(checkpoint->runtime);
    free(checkpoint->image_requested);
    free(checkpoint->image_name);
    free(checkpoint->image_id);
    free(checkpoint->image_digest);
    free(checkpoint->raw_image_name);
}
