// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#define CRIO_NAME "io.kubernetes.cri-o.annotations.checkpoint.name"
#define CRIU "org.criu.checkpoint."
#define PODMAN "io.podman.annotations.checkpoint."
#define IMAGE "org.opencontainers.image."

const char *engine_name(enum engine engine)
{
    switch (engine) {
    case ENGINE_CRIO:
        return "CRI-O";
    case ENGINE_CONTAINERD:
        return "containerd";
    case ENGINE_PODMAN:
        return "Podman";
    case ENGINE_UNKNOWN:
        break;
    }
    return NULL;
}

/* What the archive does not say is left out rather than written empty. */
static void annotate(json_t *annotations, const char *key, const char *value)
{
    if (value)
        json_object_set_new(annotations, key, json_string(value));
}

static void annotate_podman(json_t *annotations, const struct checkpoint *checkpoint,
                            const char *container)
{
    annotate(annotations, PODMAN "name", container);
    annotate(annotations, PODMAN "rawImageName", checkpoint->raw_image_name);
    annotate(annotations, PODMAN "rootfsImageID", checkpoint->image_id);
    annotate(annotations, PODMAN "rootfsImageName", checkpoint->image_name);
    annotate(annotations, PODMAN "runtime.name", checkpoint->runtime);
    annotate(annotations, PODMAN "host.arch", checkpoint->architecture);
}

int checkpoint_annotations(const struct checkpoint *checkpoint, const char *container,
                           const char *created, json_t **ret, struct error *error)
{
    json_t *annotations;

    if (!container)
        container = checkpoint->container;
    if (!container) {
        error_set(error, ERROR_ARCHIVE, "the archive does not say what the container was called");
        return error_advice(error, "give the name with --name");
    }
    annotations = json_object();
    annotate(annotations, CRIO_NAME, container);
    annotate(annotations, CRIU "engine.name", engine_name(checkpoint->engine));
    annotate(annotations, CRIU "container.name", container);
    annotate(annotations, CRIU "pod.name", checkpoint->pod);
    annotate(annotations, CRIU "pod.namespace", checkpoint->pod_namespace);
    annotate(annotations, CRIU "pod.id", checkpoint->pod_id);
    annotate(annotations, CRIU "rootfsImageUserRequested", checkpoint->image_requested);
    annotate(annotations, CRIU "rootfsImageName", checkpoint->image_name);
    annotate(annotations, CRIU "rootfsImageID", checkpoint->image_id);
    annotate(annotations, CRIU "runtime.name", checkpoint->runtime);
    annotate(annotations, CRIU "host.arch", checkpoint->architecture);
    if (checkpoint->engine == ENGINE_PODMAN)
        annotate_podman(annotations, checkpoint, container);
    annotate(annotations, IMAGE "created", created);
    annotate(annotations, IMAGE "base.name", checkpoint->image_name);
    annotate(annotations, IMAGE "base.digest", checkpoint->image_digest);
    *ret = annotations;
    return 0;
}
