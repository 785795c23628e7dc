// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/judge.h"

#include <string.h>

#include "archive/path-set.h"
#include "base/json.h"
#include "base/memory.h"

static const enum check checks[SUSPICION_COUNT] = {
    [SUSPECT_DEVICE] = CHECK_DEVICE_NODE,
    [SUSPECT_LINK_ABOVE] = CHECK_LINK_ESCAPE,
    [SUSPECT_BASE_LINK] = CHECK_BASE_IMAGE_LINK,
    [SUSPECT_PARENT_LINK] = CHECK_MEMBER_TYPE,
};

/* Of a device: what both spec.dump and a node in a tar tell. */
static char *device_key(bool is_block, long long major, long long minor, const char *path)
{
    return xasprintf("%c %lld:%lld %s", is_block ? 'b' : 'c', major, minor, path);
}

/* The keys of linux.devices (OCI runtime-spec, config-linux.md), which the engine has given to the
 * container. There "u" is a character device, too. */
static struct path_set *declared_devices(const struct checkpoint *checkpoint)
{
    struct path_set *declared = path_set_new();
    const json_t *devices, *device;
    size_t i;

    devices =
        checkpoint ? json_object_get(json_object_get(checkpoint->spec, "linux"), "devices") : NULL;
    json_array_foreach(devices, i, device)
    {
        const char *path = json_get_text(device, "path"), *type = json_get_text(device, "type");
        const json_t *major = json_object_get(device, "major");
        const json_t *minor = json_object_get(device, "minor");
        cleanup_free char *key = NULL;

        if (!path || !type || !*type || !strchr("bcu", *type) || !json_is_integer(major) ||
            !json_is_integer(minor) || strlen(path) > SUSPECT_PATH_MAX_BYTES)
            continue;
        key = device_key(*type == 'b', json_integer_value(major), json_integer_value(minor), path);
        path_set_add(declared, key, false);
    }
    return declared;
}

static bool is_declared(const struct suspect *suspect, const struct path_set *declared)
{
    cleanup_free char *key = NULL;

    if (!suspect->path)
        return false;
    key = device_key(suspect->is_block, suspect->major, suspect->minor, suspect->path);
    return path_set_has(declared, key, strlen(key), NULL);
}

/* The engine that an archive names is not the only one that may restore it: CRI-O takes every one
 * with this annotation (server/container_restore.go:169), podman every one with what it wants in
 * config.dump. */
static bool stays_below_root(const struct checkpoint *checkpoint)
{
    const json_t *annotations = json_object_get(checkpoint->spec, "annotations");

    return engine_info(checkpoint->engine)->keeps_links_inside &&
           !json_object_get(annotations, "io.kubernetes.cri-o.Annotations") &&
           !checkpoint_suits_podman(checkpoint);
}

/* By what the engines do with the archive. */
static bool engine_clears(const struct checkpoint *checkpoint, enum suspicion why)
{
    switch (why) {
    case SUSPECT_LINK_ABOVE:
    case SUSPECT_BASE_LINK:
        return checkpoint && stays_below_root(checkpoint);
    case SUSPECT_PARENT_LINK:
        return checkpoint && engine_info(checkpoint->engine)->previous_option;
    case SUSPECT_DEVICE:
    case SUSPICION_COUNT:
        break;
    }
    return false;
}

int checkpoint_judge(const struct checkpoint *checkpoint, const struct suspects *suspects,
                     struct findings *findings, struct error *error)
{
    cleanup(path_set_freep) struct path_set *declared = declared_devices(checkpoint);
    size_t kept[SUSPICION_COUNT] = {0};

    for (size_t i = 0; i < suspects->count; i++) {
        const struct suspect *suspect = &suspects->list[i];

        kept[suspect->why]++;
        if (!engine_clears(checkpoint, suspect->why) &&
            !(suspect->why == SUSPECT_DEVICE && is_declared(suspect, declared)) &&
            finding_report(findings, checks[suspect->why], suspect->member, error, "%s",
                           suspect->detail) < 0)
            return -1;
    }
    for (enum suspicion why = 0; why < SUSPICION_COUNT; why++) {
        if (why != SUSPECT_DEVICE && !engine_clears(checkpoint, why))
            findings_count(findings, checks[why], suspects->counts[why] - kept[why]);
    }
    if (suspects->counts[SUSPECT_DEVICE] > kept[SUSPECT_DEVICE])
        return finding_report(findings, CHECK_DEVICE_NODE, NULL, error,
                              "there are more than %d devices in its tars", SUSPECTS_MAX_DEVICES);
    return 0;
}
