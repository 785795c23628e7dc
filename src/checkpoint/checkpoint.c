// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/documents.h"
#include "checkpoint/rules.h"
#include "criu/image.h"

json_t *checkpoint_nested_annotations(const struct checkpoint *checkpoint)
{
    return checkpoint->nested[NESTED_ANNOTATIONS];
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
    checkpoint->container = json_copy_nonempty(checkpoint->nested[NESTED_METADATA], "name");
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
    checkpoint->criu = walk->criu;
    checkpoint->architecture = criu_core_architecture(&walk->core_head);
    checkpoint->time = checkpoint_time(config, walk->inventory_time);
}

int checkpoint_parse(struct checkpoint *ret, const struct walk *walk, struct error *error)
{
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};

    if (documents_parse(&checkpoint, walk, error) < 0)
        return -1;
    read_facts(&checkpoint, walk);
    *ret = checkpoint;
    checkpoint = (struct checkpoint){0};
    return 0;
}

void checkpoint_done(struct checkpoint *checkpoint)
{
    documents_done(checkpoint);
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

bool checkpoint_suits_podman(const struct checkpoint *checkpoint)
{
    return checkpoint->engine == ENGINE_UNKNOWN || checkpoint->engine == ENGINE_PODMAN ||
           json_get_nonempty(checkpoint->config, "rootfsImageID") ||
           json_get_nonempty(checkpoint->config, "rootfs");
}

int checkpoint_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error)
{
    static int (*const rules[])(const struct checkpoint *, struct findings *, struct error *) = {
        image_rules_check,      mount_rules_check,   privileges_check,
        annotation_rules_check, podman_config_check,
    };

    if (documents_check(checkpoint, findings, error) < 0)
        return -1;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i](checkpoint, findings, error) < 0)
            return -1;
    return 0;
}
