// SPDX-License-Identifier: Apache-2.0
/* What a mount of a container in a pod tells: who makes it, by the place that it is mounted on; and
 * which volume it shows, by the path that it comes from. Pure functions. */
#ifndef CKPTOCI_CHECKPOINT_MOUNT_H
#define CKPTOCI_CHECKPOINT_MOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum mount_owner {
    MOUNT_BY_POD,     /* only there if the pod declares it */
    MOUNT_BY_ENGINE,  /* of every container */
    MOUNT_BY_KUBELET, /* of every container, without being declared */
};

/* `knows_passwd`: as CRI-O from 1.35 on, which makes /etc/passwd itself as well. */
enum mount_owner mount_owner(const char *destination, bool knows_passwd);

/* Where the service account's token is. */
#define MOUNT_TOKEN_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"
#define MOUNT_TERMINATION_LOG "/dev/termination-log"
#define MOUNT_ETC_HOSTS "/etc/hosts"

enum volume_kind {
    VOLUME_EMPTY_DIR,
    VOLUME_TMPFS,       /* an emptyDir in memory */
    VOLUME_ENGINE,      /* a directory that the engine has made, as for VOLUME in a Dockerfile */
    VOLUME_ENGINE_FILE, /* a file that the engine has made */
    VOLUME_CONFIG_MAP,
    VOLUME_SECRET,
    VOLUME_PROJECTED,
    VOLUME_DOWNWARD_API,
    VOLUME_PERSISTENT, /* of a persistent volume, or inline in the pod */
    VOLUME_DEVICE,     /* a block device */
    VOLUME_HOST,       /* a path of the host, or of another pod */
    VOLUME_UNKNOWN,
};

/* Its texts are borrowed from the path. */
struct mount_source {
    enum volume_kind kind;
    const char *name; /* of the volume; NULL: not known */
    size_t name_len;
    const char *plugin;
    size_t plugin_len;
    bool is_sub_path;
    bool is_termination_log;
};

enum { MOUNT_IDS_MAX = 8 };

/*
 * By which names the archive's container and its pod have directories of their own on the node,
 * wherever the engine and the kubelet are told to keep those. Borrowed from the documents; all of
 * it may be a lie, but then it is the same one everywhere.
 */
struct mount_ids {
    const char *pod_uid; /* of the kubelet; NULL: nothing is its own */
    /* 64 hex digits each: of the container, the sandbox, and of podman's containers whose
     * namespaces it shares. */
    const char *ids[MOUNT_IDS_MAX];
    size_t count;
    const json_t *volumes; /* podman's, by name: an array of objects with a volumeName; or NULL */
};

/* `config` may be NULL: then only spec.dump tells. */
struct mount_ids mount_ids_read(const json_t *spec, const json_t *config);
struct mount_source mount_source_read(const char *path, const struct mount_ids *ids);
/* Whether a path of the host is one that an engine or the kubelet has made for this very container
 * or pod. Any other was asked for by the pod's owner, with a hostPath, or by the archive's author.
 */
bool mount_source_is_usual(const char *path, const struct mount_ids *ids);

/* What a mount of spec.dump takes from the host: a path, or a file system that is no container's
 * own, "overlay" say. NULL: nothing, as a tmpfs does. Borrowed. */
const char *mount_takes(const json_t *mount);

#endif
