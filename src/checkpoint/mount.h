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

/* What the engine has written into spec.dump: the UID of the pod, borrowed from `spec`; or NULL. */
const char *mount_source_pod_uid(const json_t *spec);
/* `pod_uid` may be NULL: then nothing is the kubelet's. */
struct mount_source mount_source_read(const char *path, const char *pod_uid);
/* Whether a path of the host is one that an engine or the kubelet has made for this very pod. Any
 * other was asked for by the pod's owner, with a hostPath, or by the archive's author. `pod_uid`
 * may be NULL. */
bool mount_source_is_usual(const char *path, const char *pod_uid);

#endif
