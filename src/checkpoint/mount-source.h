// SPDX-License-Identifier: Apache-2.0
/* What the path that a mount comes from tells of its volume. A plain value's parts are borrowed
 * from the path. */
#ifndef CKPTOCI_CHECKPOINT_MOUNT_SOURCE_H
#define CKPTOCI_CHECKPOINT_MOUNT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "checkpoint/mount-plan.h"

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
