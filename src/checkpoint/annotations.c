// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#include "base/json.h"

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

/* Here and below, what the archive does not say is left out rather than written empty. */
static void annotate_podman(json_t *annotations, const struct checkpoint *checkpoint,
                            const char *container)
{
    json_set_text(annotations, PODMAN "name", container);
    json_set_text(annotations, PODMAN "rawImageName", checkpoint->raw_image_name);
    json_set_text(annotations, PODMAN "rootfsImageID", checkpoint->image_id);
    json_set_text(annotations, PODMAN "rootfsImageName", checkpoint->image_name);
    json_set_text(annotations, PODMAN "runtime.name", checkpoint->runtime);
    json_set_text(annotations, PODMAN "host.arch", checkpoint->architecture);
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
    json_set_text(annotations, CRIO_NAME, container);
    json_set_text(annotations, CRIU "engine.name", engine_name(checkpoint->engine));
    json_set_text(annotations, CRIU "container.name", container);
    json_set_text(annotations, CRIU "pod.name", checkpoint->pod);
    json_set_text(annotations, CRIU "pod.namespace", checkpoint->pod_namespace);
    json_set_text(annotations, CRIU "pod.id", checkpoint->pod_id);
    json_set_text(annotations, CRIU "rootfsImageUserRequested", checkpoint->image_requested);
    json_set_text(annotations, CRIU "rootfsImageName", checkpoint->image_name);
    json_set_text(annotations, CRIU "rootfsImageID", checkpoint->image_id);
    json_set_text(annotations, CRIU "runtime.name", checkpoint->runtime);
    json_set_text(annotations, CRIU "host.arch", checkpoint->architecture);
    if (checkpoint->engine == ENGINE_PODMAN)
        annotate_podman(annotations, checkpoint, container);
    json_set_text(annotations, IMAGE "created", created);
    json_set_text(annotations, IMAGE "base.name", checkpoint->image_name);
    json_set_text(annotations, IMAGE "base.digest", checkpoint->image_digest);
    *ret = annotations;
    return 0;
}
