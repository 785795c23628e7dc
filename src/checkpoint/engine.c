// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/engine.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/nearest.h"
#include "checkpoint/checkpoint.h"

#define CRIO "io.kubernetes.cri-o.annotations.checkpoint."
#define CRIU "org.criu.checkpoint."
#define PODMAN "io.podman.annotations.checkpoint."
#define IMAGE "org.opencontainers.image."

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
            .keeps_links_inside = true,
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
            .previous_option = "--import-previous",
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
    const char *names[ENGINE_COUNT + 1] = {0};
    size_t count = 0;

    for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++) {
        names[count++] = engines[engine].option;
        if (strcasecmp(engines[engine].option, text) == 0) {
            *ret = engine;
            return 0;
        }
    }
    error_set(error, ERROR_USAGE, "\"%s\" is not " ENGINE_NAMES, text);
    return nearest_advise(error, text, names, "");
}

enum engine engine_detect(const json_t *annotations)
{
    enum engine without_value = ENGINE_UNKNOWN;

    for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++) {
        const char *mark = engines[engine].mark, *wanted = engines[engine].mark_value;

        if (wanted && json_text_is(annotations, mark, wanted))
            return engine;
        if (!wanted && json_object_get(annotations, mark))
            without_value = engine;
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
    json_set_text(annotations, CRIO "name", container);
    json_set_text(annotations, CRIU "engine.name", info->name);
    json_set_text(annotations, CRIU "container.name", container);
    json_set_text(annotations, CRIU "pod.name", checkpoint->pod);
    json_set_text(annotations, CRIU "pod.namespace", checkpoint->pod_namespace);
    json_set_text(annotations, CRIU "pod.id", checkpoint->pod_id);
    json_set_text(annotations, CRIU "rootfsImageUserRequested", checkpoint->image_requested);
    json_set_text(annotations, CRIU "rootfsImageName", checkpoint->image_name);
    json_set_text(annotations, CRIU "rootfsImageID", checkpoint->image_id);
    json_set_text(annotations, CRIU "runtime.name", checkpoint->runtime);
    json_set_text(annotations, CRIU "host.arch", checkpoint->architecture);
    if (info->annotate)
        info->annotate(annotations, checkpoint, container);
    json_set_text(annotations, IMAGE "created", created);
    json_set_text(annotations, IMAGE "base.name", checkpoint->image_name);
    json_set_text(annotations, IMAGE "base.digest", checkpoint->image_digest);
    *ret = annotations;
    return 0;
}
