// SPDX-License-Identifier: Apache-2.0
/*
 * What images have CRIU do as root, outside of the container: paths that lead out of it, and
 * mounts and devices of the node. And what they tell of the container's mounts. CRIU puts such a
 * path behind that of the container's root, and does not look for ".." in it. Pure functions.
 */
#ifndef CKPTOCI_CRIU_PATHS_H
#define CKPTOCI_CRIU_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "criu/names.h"

struct criu_reach {
    char *climbs;   /* the first path that leads out of the container, and what it is; or NULL */
    char *acts;     /* the first thing that CRIU would do to the node; or NULL */
    bool is_device; /* of a ghost file */
    unsigned major, minor;
    bool has_connections;        /* open TCP connections */
    bool has_cgroup_v1;          /* controllers of cgroup v1 */
    struct buffer memory_mounts; /* where a tmpfs is mounted: paths, a NUL behind each */
};

/* Whether images of that kind are looked at. */
bool criu_reach_knows(enum criu_kind kind);

/* Of the image's bytes; of a ghost file its first ones will do. -1: ERROR_ARCHIVE, *reach is
 * unchanged. */
int criu_reach_parse(struct criu_reach *reach, enum criu_kind kind, const void *bytes, size_t len,
                     struct error *error);
void criu_reach_done(struct criu_reach *reach);

#endif
