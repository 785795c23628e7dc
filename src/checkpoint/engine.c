// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/engine.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "checkpoint/checkpoint.h"

#define CRIO "io.kubernetes.cri-o.annotations.checkpoint."
#define CRIU "org.criu.checkpoint."
#define PODMAN "io.podman.annotations.checkpoint."
#define IMAGE "org.opencontainers.image."

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

/* What CRI-O gives to a container that does not ask: default_capabilities in crio.conf. */
static const char *const crio_capabilities[] = {
    "CHOWN",  "DAC_OVERRIDE", "FSETID",           "FOWNER", "SETGID",
    "SETUID", "SETPCAP",      "NET_BIND_SERVICE", "KILL",   NULL,
};

static const char *const containerd_capabilities[] = {
    "CHOWN",  "DAC_OVERRIDE", "FSETID",  "FOWNER",           "MKNOD",      "NET_RAW", "SETGID",
    "SETUID", "SETFCAP",      "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",    "AUDIT_WRITE",
    NULL,
};

static const struct engine_info engines[ENGINE_COUNT] = {
    [ENGINE_UNKNOWN] =
        {
            .image_id_key = "rootfsImageRef",
            .capabilities = crio_capabilities,
        },
    [ENGINE_CRIO] =
        {
            .name = "CRI-O",
            .option = "cri-o",
            .mark = "io.container.manager",
            .mark_value = "cri-o",
            .image_id_key = "rootfsImageRef",
            .insists_on_image_id = true,
            .image_family = CRIO,
            .image_mark = CRIO "name",
            .capabilities = crio_capabilities,
        },
    [ENGINE_CONTAINERD] =
        {
            .name = "containerd",
            .option = "containerd",
            .mark = "io.kubernetes.cri.container-name",
            .image_id_key = "rootfsImageRef",
            .image_family = CRIU,
            .image_mark = CRIU "container.name",
            .capabilities = containerd_capabilities,
            .pulls_base_image = true,
        },
    [ENGINE_PODMAN] =
        {
            .name = "Podman",
            .option = "podman",
            .mark = "io.container.manager",
            .mark_value = "libpod",
            .image_id_key = "rootfsImageID",
            .image_family = PODMAN,
            .image_mark = PODMAN "runtime.name",
            .annotate = annotate_podman,
            .capabilities = crio_capabilities,
            .own_restore = "podman container restore",
        },
};

const struct engine_info *engine_info(enum engine engine)
{
    return &engines[engine];
}

const char *engine_name(enum engine engine)
{
    return engines[engine].name;
}

int engine_parse(enum engine *ret, const char *text, struct error *error)
{
    for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++) {
        if (strcasecmp(engines[engine].option, text) == 0) {
            *ret = engine;
            return 0;
        }
    }
    return error_set(error, ERROR_USAGE, "\"%s\" is not " ENGINE_NAMES, text);
}

enum engine engine_detect(const json_t *annotations)
{
    enum engine without_value = ENGINE_UNKNOWN;

    for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++) {
        const json_t *mark = json_object_get(annotations, engines[engine].mark);
        const char *wanted = engines[engine].mark_value, *value = json_string_value(mark);

        if (mark && !wanted)
            without_value = engine;
        else if (value && strcmp(value, wanted) == 0)
            return engine;
    }
    return without_value;
}

bool engine_has_annotation(const json_t *annotations)
{
    /* jansson's iterators take what they only read without const. */
    json_t *object = (json_t *)(uintptr_t)annotations, *value;
    const char *key;

    json_object_foreach(object, key, value)
    {
        for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++) {
            const char *family = engines[engine].image_family;

            if (strncmp(key, family, strlen(family)) == 0)
                return true;
        }
    }
    return false;
}

bool engine_knows_image(const json_t *annotations)
{
    for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++)
        if (json_is_string(json_object_get(annotations, engines[engine].image_mark)))
            return true;
    return false;
}

int checkpoint_annotations(const struct checkpoint *checkpoint, const char *container,
                           const char *created, json_t **ret, struct error *error)
{
    const struct engine_info *info = engine_info(checkpoint->engine);
    json_t *annotations;

    if (!container)
        container = checkpoint->container;
    if (!container) {
        error_set(error, ERROR_ARCHIVE, "the archive does not say what the container was called");
        return error_advice(error, "give the name with --name");
    }
    annotations = json_object();
    annotate(annotations, CRIO "name", container);
    annotate(annotations, CRIU "engine.name", info->name);
    annotate(annotations, CRIU "container.name", container);
    annotate(annotations, CRIU "pod.name", checkpoint->pod);
    annotate(annotations, CRIU "pod.namespace", checkpoint->pod_namespace);
    annotate(annotations, CRIU "pod.id", checkpoint->pod_id);
    annotate(annotations, CRIU "rootfsImageUserRequested", checkpoint->image_requested);
    annotate(annotations, CRIU "rootfsImageName", checkpoint->image_name);
    annotate(annotations, CRIU "rootfsImageID", checkpoint->image_id);
    annotate(annotations, CRIU "runtime.name", checkpoint->runtime);
    annotate(annotations, CRIU "host.arch", checkpoint->architecture);
    if (info->annotate)
        info->annotate(annotations, checkpoint, container);
    annotate(annotations, IMAGE "created", created);
    annotate(annotations, IMAGE "base.name", checkpoint->image_name);
    annotate(annotations, IMAGE "base.digest", checkpoint->image_digest);
    *ret = annotations;
    return 0;
}
