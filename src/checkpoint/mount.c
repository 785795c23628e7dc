// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/mount.h"

#include <string.h>

#include "archive/member.h"
#include "base/json.h"
#include "base/text.h"

enum { ID_LEN = 64 };

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

/*
 * What is behind "/pods/UID/" in the path, where the kubelet has something of the pod's own; or
 * NULL. Only the first "/pods/" counts: what another pod has in a volume of its own can be called
 * anything.
 */
static const char *behind_pod(const char *path, const char *pod_uid)
{
    static const char pods[] = "/pods/";
    static const char *const places[] = {"volumes", "volume-subpaths", "containers", "etc-hosts",
                                         "volumeDevices"};
    const char *at = strstr(path, pods), *place;
    size_t len = pod_uid ? strlen(pod_uid) : 0;

    if (!at || len == 0)
        return NULL;
    at += sizeof pods - 1;
    if (strncmp(at, pod_uid, len) != 0 || at[len] != '/')
        return NULL;
    place = at += len + 1;
    len = strcspn(place, "/");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (is_text(place, len, places[i]))
            return at;
    return NULL;
}

/* The component before the one that begins at `at` in the path, behind a slash; its length. */
static size_t component_before(const char *path, const char *at, const char **component)
{
    const char *end = at > path ? at - 1 : path, *begin = end;

    while (begin > path && begin[-1] != '/')
        begin--;
    *component = begin;
    return (size_t)(end - begin);
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t end_len = strlen(end);

    return len > end_len && strncmp(text + len - end_len, end, end_len) == 0;
}

/*
 * The places of one container or sandbox, below a root that can be anywhere:
 *
 *     ROOT/DRIVER-containers/ID/userdata/...            containers/storage: CRI-O, podman
 *     ROOT/io.containerd.grpc.v1.cri/sandboxes/ID/...   containerd; "containers" and
 *                                                       "image-volumes", too
 */
static bool is_place_of(const char *path, const char *id)
{
    static const char userdata[] = "userdata/";
    static const char *const kinds[] = {"sandboxes", "containers", "image-volumes"};
    const char *at = strstr(path, id), *kind, *plugin, *rest;
    size_t kind_len, plugin_len;

    if (!at || at == path || at[-1] != '/' || at[strlen(id)] != '/')
        return false;
    rest = at + strlen(id) + 1;
    kind_len = component_before(path, at, &kind);
    if (ends_with(kind, kind_len, "-containers"))
        return strncmp(rest, userdata, strlen(userdata)) == 0 && rest[strlen(userdata)];
    plugin_len = component_before(path, kind, &plugin);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (is_text(kind, kind_len, kinds[i]))
            return *rest && plugin_len > 0 && strncmp(plugin, "io.containerd.", 14) == 0;
    return false;
}

/*
 * Podman's volumes, ROOT/volumes/NAME/_data[/...]: below a root called as that of
 * containers/storage, and elsewhere if the container has a volume of that name.
 */
static bool is_volume(const char *path, const json_t *volumes)
{
    static const char data[] = "/_data", storage[] = "storage";
    const char *at = strstr(path, data), *name, *parent, *root;
    size_t i, name_len, parent_len, root_len;
    const json_t *volume;

    if (!at || (at[strlen(data)] && at[strlen(data)] != '/'))
        return false;
    name_len = component_before(path, at + 1, &name);
    parent_len = component_before(path, name, &parent);
    if (!is_text(parent, parent_len, "volumes"))
        return false;
    root_len = component_before(path, parent, &root);
    if (root_len >= strlen(storage) && strncmp(root, storage, strlen(storage)) == 0)
        return true;
    json_array_foreach(volumes, i, volume)
    {
        const char *own = json_get_nonempty(volume, "volumeName");

        if (own && is_text(name, name_len, own))
            return true;
    }
    return false;
}

bool mount_source_is_usual(const char *path, const struct mount_ids *ids)
{
    if (*path != '/' || member_path_climbs(path))
        return false;
    for (size_t i = 0; i < ids->count; i++)
        if (is_place_of(path, ids->ids[i]))
            return true;
    return behind_pod(path, ids->pod_uid) || is_volume(path, ids->volumes);
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

struct mount_source mount_source_read(const char *path, const struct mount_ids *ids)
{
    const char *rest;

    if (member_path_climbs(path))
        return (struct mount_source){.kind = VOLUME_HOST};
    if ((rest = behind_pod(path, ids->pod_uid)))
        return read_pod_path(rest);
    return (struct mount_source){.kind = mount_source_is_usual(path, ids) ? VOLUME_ENGINE
                                                                          : VOLUME_HOST};
}

static void add_id(struct mount_ids *ids, const json_t *object, const char *key)
{
    const char *id = json_get_text(object, key);

    if (id && strlen(id) == ID_LEN && strspn(id, "0123456789abcdef") == ID_LEN &&
        ids->count < MOUNT_IDS_MAX)
        ids->ids[ids->count++] = id;
}

struct mount_ids mount_ids_read(const json_t *spec, const json_t *config)
{
    static const char *const of_annotations[] = {"io.kubernetes.cri-o.ContainerID",
                                                 "io.kubernetes.cri-o.SandboxID",
                                                 "io.kubernetes.cri.sandbox-id"};
    static const char *const of_config[] = {"id", "netNsCtr", "ipcNsCtr", "utsNsCtr"};
    const json_t *annotations = json_object_get(spec, "annotations");
    struct mount_ids ids = {.pod_uid = json_get_text(annotations, "io.kubernetes.pod.uid"),
                            .volumes = json_object_get(config, "namedVolumes")};

    if (!ids.pod_uid)
        ids.pod_uid = json_get_text(annotations, "io.kubernetes.cri.sandbox-uid");
    for (size_t i = 0; i < sizeof of_annotations / sizeof *of_annotations; i++)
        add_id(&ids, annotations, of_annotations[i]);
    for (size_t i = 0; i < sizeof of_config / sizeof *of_config; i++)
        add_id(&ids, config, of_config[i]);
    return ids;
}

static bool has_option(const json_t *mount, const char *const *wanted)
{
    const json_t *option;
    size_t i;

    json_array_foreach(json_object_get(mount, "options"), i, option)
    {
        if (json_is_string(option) && text_is_among(json_string_value(option), wanted))
            return true;
    }
    return false;
}

/* The runtimes go by the options: with one of these the type is not looked at. */
const char *mount_takes(const json_t *mount)
{
    static const char *const bind_options[] = {"bind", "rbind", NULL};
    static const char *const bind_types[] = {"bind", "none", "", NULL};
    /* New ones of the container's own, or what shows it its own namespaces. */
    static const char *const own_types[] = {"proc",   "sysfs",  "tmpfs",   "devpts",
                                            "mqueue", "cgroup", "cgroup2", NULL};
    const char *source = json_get_text(mount, "source"), *type = json_get_text(mount, "type");

    if (!type)
        type = "";
    if (has_option(mount, bind_options) || text_is_among(type, bind_types))
        return source ? source : "";
    if (text_is_among(type, own_types))
        return NULL;
    return source && *source == '/' ? source : type;
}
