// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts that a pod has to have so that a container of it can be restored, and the volumes
 * behind them, as far as the paths in spec.dump tell. A path of the host is never taken over from
 * the archive, only shown to the user (CVE-2024-8676). Embedded in its owner.
 *
 *     mount_plan_read(&plan, checkpoint, knows_passwd, &error)
 *     mount_plan_done(&plan)
 */
#ifndef CKPTOCI_RESTORE_MOUNT_PLAN_H
#define CKPTOCI_RESTORE_MOUNT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/mount.h"

enum {
    MOUNT_PLAN_MAX_MOUNTS = 1024, /* of one container; real ones have some twenty */
    MOUNT_PLAN_MAX_PATH_LEN = 4095,
};

enum mount_propagation { PROPAGATION_NONE, PROPAGATION_FROM_HOST, PROPAGATION_BOTH };

struct plan_volume {
    enum volume_kind kind;
    char *name;       /* for the new pod: a DNS label, unlike the others' */
    char *known_as;   /* what the kubelet has called it: of the pod's volume, or of the persistent
                         one; NULL: not known */
    char *plugin;     /* "kubernetes.io~csi"; NULL: no volume of the kubelet's */
    const char *path; /* on the host, borrowed from the spec */
};

struct plan_mount {
    enum mount_owner owner;
    const char *destination; /* borrowed from the spec */
    size_t volume;           /* in plan->volumes, of MOUNT_BY_POD */
    bool is_device;          /* a block device, and no file system */
    bool is_sub_path;        /* of a path in the volume that the archive does not tell */
    bool is_file;            /* what was mounted is a file, as far as the archive tells */
    bool is_read_only, is_recursively_read_only;
    enum mount_propagation propagation;
};

/* Zero-initialised. In the order of the spec; without the engine's mounts, and no place twice. */
struct mount_plan {
    struct plan_mount *mounts;
    size_t mount_count;
    struct plan_volume *volumes;
    size_t volume_count;
    const char *termination_log; /* the kubelet's, where it is not at its usual place; or NULL */
    bool has_token;              /* of a service account */
    bool has_passwd;             /* /etc/passwd, which not every CRI-O makes itself */
};

/* From the documents, which must live longer. `knows_passwd`: see mount_owner(). -1: ERROR_ARCHIVE,
 * a mount that no pod can declare. */
int mount_plan_read(struct mount_plan *plan, const struct checkpoint *checkpoint, bool knows_passwd,
                    struct error *error);
void mount_plan_done(struct mount_plan *plan);

/* Whether the mount takes a path in its volume that a person has to fill in: the archive does not
 * tell it, or the volume is another one, in which the file has to be named. */
bool plan_mount_wants_path(const struct mount_plan *plan, const struct plan_mount *mount);

/* Whether an empty volume stands for the old one: what was in that is not in the archive. */
bool plan_volume_begins_empty(const struct plan_volume *volume);

#endif
