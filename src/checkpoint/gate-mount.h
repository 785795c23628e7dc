// SPDX-License-Identifier: Apache-2.0
/* Paths of the host that a checkpoint names. */
#ifndef CKPTOCI_CHECKPOINT_GATE_MOUNT_H
#define CKPTOCI_CHECKPOINT_GATE_MOUNT_H

#include <stdbool.h>

/* Whether a directory or file of the host is one that an engine or the kubelet has made for this
 * very pod: what any other is mounted for, the pod's owner has asked with a hostPath, or the
 * archive's author. `pod_uid` may be NULL. */
bool gate_source_is_usual(const char *source, const char *pod_uid);

#endif
