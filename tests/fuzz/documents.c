// SPDX-License-Identifier: Apache-2.0
#include "documents.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/finding.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/documents.h"
#include "fuzz.h"

/* "a.b": the field b of a; "[]": each element of a list; "{}": each value of a map. */
static const char *const spec_places[] = {
    "ociVersion",
    "hostname",
    "process.terminal",
    "process.args[]",
    "process.env[]",
    "process.cwd",
    "process.user.uid",
    "process.user.gid",
    "process.user.additionalGids[]",
    "process.capabilities.bounding[]",
    "process.capabilities.effective[]",
    "process.capabilities.permitted[]",
    "process.rlimits[].type",
    "process.rlimits[].hard",
    "process.noNewPrivileges",
    "process.apparmorProfile",
    "process.selinuxLabel",
    "process.oomScoreAdj",
    "root.path",
    "root.readonly",
    "mounts[].destination",
    "mounts[].type",
    "mounts[].source",
    "mounts[].options[]",
    "hooks.prestart[].path",
    "hooks.createRuntime[].path",
    "hooks.createContainer[].path",
    "hooks.startContainer[].path",
    "hooks.poststart[].path",
    "hooks.poststop[].args[]",
    "annotations{}",
    "linux.cgroupsPath",
    "linux.maskedPaths[]",
    "linux.readonlyPaths[]",
    "linux.mountLabel",
    "linux.rootfsPropagation",
    "linux.sysctl{}",
    "linux.namespaces[].type",
    "linux.namespaces[].path",
    "linux.devices[].path",
    "linux.devices[].type",
    "linux.devices[].major",
    "linux.devices[].minor",
    "linux.devices[].fileMode",
    "linux.netDevices{}.name",
    "linux.uidMappings[].hostID",
    "linux.gidMappings[].containerID",
    "linux.resources.devices[].allow",
    "linux.resources.devices[].access",
    "linux.resources.devices[].major",
    "linux.resources.memory.limit",
    "linux.resources.pids.limit",
    "linux.resources.unified{}",
    "linux.resources.rdma{}.hcaHandles",
    "linux.seccomp.defaultAction",
    "linux.seccomp.listenerPath",
    "linux.seccomp.syscalls[].names[]",
    "linux.seccomp.syscalls[].action",
    NULL,
};
static const char *const config_places[] = {
    "id",
    "name",
    "rootfsImage",
    "rootfsImageRef",
    "rootfsImageName",
    "rootfsImageID",
    "runtime",
    "createdTime",
    "checkpointedTime",
    "restored",
    "rootfs",
    "rootfs_overlay",
    "rootfs_mapping",
    "ShmDir",
    "staticDir",
    "secretsPath",
    "privileged",
    "ProcessLabel",
    "labelopts[]",
    "user",
    "Dependencies[]",
    "mounts[]",
    "pod",
    "netNsCtr",
    "hostsAdd[]",
    "chroot_directories[]",
    "conmonPidFile",
    "pid_file",
    "logPath",
    "logDriver",
    "cgroupParent",
    "entrypoint[]",
    "command[]",
    "CreateCommand[]",
    "labels{}",
    "storageOpts{}",
    "secret_env{}.name",
    "secret_env{}.driver",
    "secrets[].name",
    "namedVolumes[].volumeName",
    "namedVolumes[].dest",
    "namedVolumes[].options[]",
    "overlayVolumes[].source",
    "ctrImageVolumes[].source",
    "idMappingsOptions.HostUIDMapping",
    "idMappingsOptions.UIDMap[].host_id",
    "newNetworks{}.interface_name",
    "healthcheck.Test[]",
    "device_host_src[].path",
    "spec.mounts[].source",
    "spec.process.args[]",
    "spec.annotations{}",
    "spec.linux.devices[].path",
    NULL,
};
static const char *const status_places[] = {
    "id",
    "metadata.name",
    "state",
    "created_at",
    "image.image",
    "image.annotations{}",
    "image_ref",
    "image_id",
    "labels{}",
    "annotations{}",
    "mounts[].container_path",
    "mounts[].host_path",
    "mounts[].readonly",
    "mounts[].propagation",
    "log_path",
    "resources.linux.unified{}",
    "resources.linux.cpu_shares",
    "user.linux.uid",
    "user.linux.supplemental_groups[]",
    NULL,
};
static const char *const bind_mount_places[] = {
    "[].source", "[].destination", "[].file_type", "[].permissions", NULL,
};
static const char *const network_places[] = {
    "{}.interfaces{}.subnets[].ipnet",
    "{}.interfaces{}.mac_address",
    "{}.dns_server_ips[]",
    NULL,
};
static const char *const map_places[] = {"{}", NULL};
static const char *const metadata_places[] = {"name", "attempt", NULL};
static const char *const volume_places[] = {
    "[].container_path", "[].host_path", "[].readonly", "[].image.image", NULL,
};

static const char *const *const places[DOCUMENT_KIND_COUNT] = {
    [DOCUMENT_SPEC] = spec_places,       [DOCUMENT_CONFIG] = config_places,
    [DOCUMENT_STATUS] = status_places,   [DOCUMENT_BIND_MOUNTS] = bind_mount_places,
    [DOCUMENT_NETWORK] = network_places,
};

static bool is_absent(const struct go_value *go, const json_t *ours)
{
    bool absent = !go || go->type == GO_NULL;

    fuzz_require(absent == (!ours || json_is_null(ours)));
    return absent;
}

static void compare_number(const struct go_value *go, const json_t *ours)
{
    char *end;
    long long integer = strtoll(go->text, &end, 10);
    double real = strtod(go->text, NULL);

    if (json_is_integer(ours)) {
        fuzz_require(*end == '\0' && integer == json_integer_value(ours));
        return;
    }
    fuzz_require(json_is_real(ours));
    fuzz_require(fabs(json_real_value(ours) - real) <= fabs(real) * 1e-15);
    /* What fits into an integer has become one. */
    fuzz_require(*end != '\0' || fabs(real) >= 0x1p63);
}

static void compare_leaf(const struct go_value *go, const json_t *ours)
{
    if (is_absent(go, ours))
        return;
    if (go->type == GO_STRING)
        fuzz_require(json_is_string(ours) && json_string_length(ours) == go->len &&
                     memcmp(json_string_value(ours), go->text, go->len) == 0);
    else if (go->type == GO_NUMBER)
        compare_number(go, ours);
    else if (go->type == GO_BOOL)
        fuzz_require(go->truth ? json_is_true(ours) : json_is_false(ours));
    else if (go->type == GO_ARRAY)
        fuzz_require(json_array_size(ours) == go->count && json_is_array(ours));
    else
        fuzz_require(json_is_object(ours));
}

static void compare(const struct go_value *go, const json_t *ours, const char *place);

static void compare_list(const struct go_value *go, const json_t *ours, const char *place)
{
    fuzz_require(json_is_array(ours) == (go->type == GO_ARRAY));
    if (go->type != GO_ARRAY)
        return;
    fuzz_require(json_array_size(ours) == go->count);
    for (size_t i = 0; i < go->count; i++)
        compare(&go->items[i], json_array_get(ours, i), place);
}

static void compare_map(const struct go_value *go, const json_t *ours, const char *place)
{
    size_t distinct = 0;

    fuzz_require(json_is_object(ours) == (go->type == GO_OBJECT));
    if (go->type != GO_OBJECT)
        return;
    for (size_t i = 0; i < go->count; i++) {
        const struct go_value *key = &go->keys[i];

        if (go_entry(go, key) != &go->items[i])
            continue;
        distinct++;
        fuzz_require(strlen(key->text) == key->len);
        compare(&go->items[i], json_object_get(ours, key->text), place);
    }
    fuzz_require(distinct == json_object_size(ours));
}

static void compare(const struct go_value *go, const json_t *ours, const char *place)
{
    char name[64];
    size_t len;

    if (*place == '.')
        place++;
    if (*place == '\0' || !go || !ours || json_is_null(ours) || go->type == GO_NULL) {
        compare_leaf(go, ours);
        return;
    }
    if (*place == '[') {
        compare_list(go, ours, place + 2);
        return;
    }
    if (*place == '{') {
        compare_map(go, ours, place + 2);
        return;
    }
    len = strcspn(place, ".[{");
    snprintf(name, sizeof name, "%.*s", (int)len, place);
    fuzz_require(json_is_object(ours) == (go->type == GO_OBJECT));
    compare(go_field(go, name), json_object_get(ours, name), place + len);
}

static void compare_all(const struct go_value *go, const json_t *ours, const char *const *list)
{
    for (; *list; list++)
        compare(go, ours, *list);
}

/* JSON in an annotation: the same once more. */
static void compare_nested(const struct go_value *spec, const struct checkpoint *checkpoint)
{
    static struct {
        char name[40];
        const char *const *places;
    } nested[NESTED_COUNT] = {
        [NESTED_ANNOTATIONS] = {"io.kubernetes.cri-o.Annotations", map_places},
        [NESTED_LABELS] = {"io.kubernetes.cri-o.Labels", map_places},
        [NESTED_METADATA] = {"io.kubernetes.cri-o.Metadata", metadata_places},
        [NESTED_VOLUMES] = {"io.kubernetes.cri-o.Volumes", volume_places},
        [NESTED_MOUNT_POINTS] = {"io.kubernetes.cri-o.MountPoints", NULL},
    };
    const struct go_value *annotations = go_field(spec, "annotations");

    for (int i = 0; annotations && i < NESTED_COUNT; i++) {
        const struct go_value key = {.text = nested[i].name, .len = strlen(nested[i].name)};
        const struct go_value *text = go_entry(annotations, &key);
        struct go_oddities oddities;
        struct go_value *go;

        if (!text || text->type != GO_STRING || text->len == 0)
            continue;
        go = go_parse(text->text, text->len, &oddities);
        fuzz_require(go);
        if (nested[i].places)
            compare_all(go, checkpoint->nested[i], nested[i].places);
        go_free(go);
    }
}

static struct buffer *place_of(struct walk *walk, enum document_kind kind)
{
    struct buffer *const buffers[] = {
        [DOCUMENT_SPEC] = &walk->spec_dump,         [DOCUMENT_CONFIG] = &walk->config_dump,
        [DOCUMENT_STATUS] = &walk->status_dump,     [DOCUMENT_BIND_MOUNTS] = &walk->bind_mounts,
        [DOCUMENT_NETWORK] = &walk->network_status,
    };

    return buffers[kind];
}

static const json_t *document_of(const struct checkpoint *checkpoint, enum document_kind kind)
{
    const json_t *const documents[] = {
        [DOCUMENT_SPEC] = checkpoint->spec,
        [DOCUMENT_CONFIG] = checkpoint->config,
        [DOCUMENT_STATUS] = checkpoint->status,
        [DOCUMENT_BIND_MOUNTS] = checkpoint->bind_mounts,
        [DOCUMENT_NETWORK] = checkpoint->network_status,
    };

    return documents[kind];
}

static void fill(struct walk *walk, enum document_kind kind, const char *bytes, size_t len)
{
    for (enum document_kind other = DOCUMENT_SPEC; other <= DOCUMENT_CONFIG; other++) {
        buffer_init(place_of(walk, other), METADATA_MAX_BYTES);
        if (other != kind)
            buffer_append(place_of(walk, other), "{}", 2);
    }
    buffer_init(place_of(walk, kind), METADATA_MAX_BYTES);
    buffer_append(place_of(walk, kind), bytes, len);
}

enum document_verdict documents_compare(enum document_kind kind, const char *bytes, size_t len)
{
    cleanup(walk_done) struct walk walk = {0};
    cleanup(documents_done) struct checkpoint checkpoint = {0};
    cleanup(findings_done) struct findings findings = {0};
    struct go_oddities oddities;
    struct go_value *go;
    struct error error = {0};

    fill(&walk, kind, bytes, len);
    if (documents_parse(&checkpoint, &walk, &error) < 0 ||
        documents_check(&checkpoint, &findings, &error) < 0) {
        fuzz_require_error(&error);
        return DOCUMENT_REFUSED;
    }
    go = go_parse(bytes, len, &oddities);
    fuzz_require(go);
    /* podman before 4.0 wrote a list, which is no map to any later one. */
    if (kind != DOCUMENT_NETWORK || go->type != GO_ARRAY)
        compare_all(go, document_of(&checkpoint, kind), places[kind]);
    if (kind == DOCUMENT_SPEC)
        compare_nested(go, &checkpoint);
    go_free(go);
    return DOCUMENT_ACCEPTED;
}
