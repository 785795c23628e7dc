// SPDX-License-Identifier: Apache-2.0
/*
 * The kubelet's places below ROOT/pods/UID (kubernetes, pkg/kubelet/kubelet_getters.go):
 *
 *     volumes/PLUGIN/NAME[/mount]                    PLUGIN with "~" for "/", as kubernetes.io~csi
 *     volume-subpaths/NAME/CONTAINER/NUMBER
 *     containers/CONTAINER/FILE                      the termination log
 */
#include "checkpoint/mount-source.h"

#include <string.h>

#include "archive/member-path.h"
#include "base/json.h"
#include "checkpoint/gate-mount.h"

/* What is behind "/pods/UID/" in the path, or NULL. */
static const char *behind_pod(const char *path, const char *pod_uid)
{
    static const char pods[] = "/pods/";
    const char *at = strstr(path, pods);
    size_t len = pod_uid ? strlen(pod_uid) : 0;

    if (!at || len == 0)
        return NULL;
    at += sizeof pods - 1;
    return strncmp(at, pod_uid, len) == 0 && at[len] == '/' ? at + len + 1 : NULL;
}

/* The next component of *path, which is moved behind it; its length. */
static size_t take_component(const char **path, const char **component)
{
    size_t len = strcspn(*path, "/");

    *component = *path;
    *path += len + ((*path)[len] == '/');
    return len;
}

static enum volume_kind kind_of_plugin(const char *plugin, size_t len)
{
    static const struct {
        const char *name;
        enum volume_kind kind;
    } plugins[] = {
        {"kubernetes.io~empty-dir", VOLUME_EMPTY_DIR},
        {"kubernetes.io~configmap", VOLUME_CONFIG_MAP},
        {"kubernetes.io~secret", VOLUME_SECRET},
        {"kubernetes.io~projected", VOLUME_PROJECTED},
        {"kubernetes.io~downward-api", VOLUME_DOWNWARD_API},
    };

    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        if (strlen(plugins[i].name) == len && strncmp(plugins[i].name, plugin, len) == 0)
            return plugins[i].kind;
    return VOLUME_PERSISTENT;
}

static void read_volume(struct mount_source *source, const char *rest)
{
    source->plugin_len = take_component(&rest, &source->plugin);
    source->name_len = take_component(&rest, &source->name);
    if (source->name_len)
        source->kind = kind_of_plugin(source->plugin, source->plugin_len);
}

static struct mount_source read_pod_path(const char *rest)
{
    struct mount_source source = {.kind = VOLUME_UNKNOWN};
    const char *first;
    size_t len = take_component(&rest, &first);

    if (len == strlen("volumes") && strncmp(first, "volumes", len) == 0) {
        read_volume(&source, rest);
    } else if (len == strlen("volume-subpaths") && strncmp(first, "volume-subpaths", len) == 0) {
        source.is_sub_path = true;
        source.name_len = take_component(&rest, &source.name);
    } else if (len == strlen("containers") && strncmp(first, "containers", len) == 0) {
        source.is_termination_log = true;
    }
    return source;
}

struct mount_source mount_source_read(const char *path, const char *pod_uid)
{
    const char *rest;

    if (member_path_climbs(path))
        return (struct mount_source){.kind = VOLUME_HOST};
    if ((rest = behind_pod(path, pod_uid)))
        return read_pod_path(rest);
    return (struct mount_source){.kind = gate_source_is_usual(path, pod_uid) ? VOLUME_ENGINE
                                                                             : VOLUME_HOST};
}

const char *mount_source_pod_uid(const json_t *spec)
{
    const json_t *annotations = json_object_get(spec, "annotations");
    const char *uid = json_get_text(annotations, "io.kubernetes.pod.uid");

    return uid ? uid : json_get_text(annotations, "io.kubernetes.cri.sandbox-uid");
}
