// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/mount.h"

#include <string.h>

#include "archive/member.h"
#include "base/json.h"

enum mount_owner mount_owner(const char *destination, bool knows_passwd)
{
    static const struct {
        const char *path;
        enum mount_owner owner;
    } known[] = {
        {"/proc", MOUNT_BY_ENGINE},
        {"/dev", MOUNT_BY_ENGINE},
        {"/dev/pts", MOUNT_BY_ENGINE},
        {"/dev/mqueue", MOUNT_BY_ENGINE},
        {"/sys", MOUNT_BY_ENGINE},
        {"/sys/fs/cgroup", MOUNT_BY_ENGINE},
        {"/dev/shm", MOUNT_BY_ENGINE},
        {"/etc/group", MOUNT_BY_ENGINE},
        {"/etc/resolv.conf", MOUNT_BY_ENGINE},
        {"/etc/hostname", MOUNT_BY_ENGINE},
        {"/run/secrets", MOUNT_BY_ENGINE},
        {"/run/.containerenv", MOUNT_BY_ENGINE},
        {MOUNT_ETC_HOSTS, MOUNT_BY_KUBELET},
        {MOUNT_TERMINATION_LOG, MOUNT_BY_KUBELET},
        {MOUNT_TOKEN_DIRECTORY, MOUNT_BY_KUBELET},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].path, destination) == 0)
            return known[i].owner;
    return knows_passwd && strcmp(destination, "/etc/passwd") == 0 ? MOUNT_BY_ENGINE : MOUNT_BY_POD;
}

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

bool mount_source_is_usual(const char *path, const char *pod_uid)
{
    static const char *const engines[] = {
        "/run/containers/",     "/var/run/containers/", "/var/lib/containers/", "/run/containerd/",
        "/var/lib/containerd/", "/run/k3s/containerd/", "/var/lib/rancher/",    "/run/crio/",
        "/var/run/crio/",       "/var/lib/crio/",
    };

    if (member_path_climbs(path))
        return false;
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (strncmp(path, engines[i], strlen(engines[i])) == 0)
            return true;
    /* Of podman without root. */
    if (strncmp(path, "/run/user/", 10) == 0 && strstr(path, "/containers/"))
        return true;
    if (strstr(path, "/.local/share/containers/"))
        return true;
    return behind_pod(path, pod_uid);
}

/* The next component of *path, which is moved behind it; its length. */
static size_t take_component(const char **path, const char **component)
{
    size_t len = strcspn(*path, "/");

    *component = *path;
    *path += len + ((*path)[len] == '/');
    return len;
}

static bool is_text(const char *text, size_t len, const char *expected)
{
    return strlen(expected) == len && strncmp(expected, text, len) == 0;
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
        if (is_text(plugin, len, plugins[i].name))
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

/*
 * The kubelet's places below ROOT/pods/UID, where ROOT can be configured (kubernetes,
 * pkg/kubelet/kubelet_getters.go):
 *
 *     volumes/PLUGIN/NAME[/mount]                    PLUGIN with "~" for "/", as kubernetes.io~csi
 *     volume-subpaths/NAME/CONTAINER/NUMBER
 *     containers/CONTAINER/FILE                      the termination log
 */
static struct mount_source read_pod_path(const char *rest)
{
    struct mount_source source = {.kind = VOLUME_UNKNOWN};
    const char *first;
    size_t len = take_component(&rest, &first);

    if (is_text(first, len, "volumes")) {
        read_volume(&source, rest);
    } else if (is_text(first, len, "volume-subpaths")) {
        source.is_sub_path = true;
        source.name_len = take_component(&rest, &source.name);
    } else if (is_text(first, len, "containers")) {
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
    return (struct mount_source){.kind = mount_source_is_usual(path, pod_uid) ? VOLUME_ENGINE
                                                                              : VOLUME_HOST};
}

const char *mount_source_pod_uid(const json_t *spec)
{
    const json_t *annotations = json_object_get(spec, "annotations");
    const char *uid = json_get_text(annotations, "io.kubernetes.pod.uid");

    return uid ? uid : json_get_text(annotations, "io.kubernetes.cri.sandbox-uid");
}
