// SPDX-License-Identifier: Apache-2.0
/* What the path that a mount comes from tells of its volume. A plain value's parts are borrowed
 * from the path. */
#ifndef CKPTOCI_CHECKPOINT_MOUNT_SOURCE_H
#define CKPTOCI_CHECKPOINT_MOUNT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

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

struct mount_source {
    enum volume_kind kind;
    const char *name; /* of the volume, NULL: not known */
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

#endif
