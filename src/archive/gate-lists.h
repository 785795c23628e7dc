// SPDX-License-Identifier: Apache-2.0
/* The checks of the lists that engines act upon when they restore. */
#ifndef CKPTOCI_ARCHIVE_GATE_LISTS_H
#define CKPTOCI_ARCHIVE_GATE_LISTS_H

#include "archive/finding.h"
#include "archive/path-set.h"
#include "base/memory.h"

/* deleted.files: a JSON array of paths, each of which the engine removes below the container's
 * root. `rootfs` has the paths of rootfs-diff.tar, which is unpacked before; NULL without one. */
int gate_check_deleted_files(struct findings *findings, const struct buffer *list,
                             const struct path_set *rootfs, struct error *error);

/* bind.mounts: a JSON array of {source, destination, file_type, permissions}, from which CRI-O
 * makes the mounts and what they are mounted on. */
int gate_check_bind_mounts(struct findings *findings, const struct buffer *list,
                           struct error *error);

#endif
