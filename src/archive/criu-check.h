// SPDX-License-Identifier: Apache-2.0
/*
 * The checks of CRIU's images, while they pass, and at the end whether they belong together: a part
 * of the walk, which owns it. Of pages images, which are most of an archive, only the size counts.
 */
#ifndef CKPTOCI_ARCHIVE_CRIU_CHECK_H
#define CKPTOCI_ARCHIVE_CRIU_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/finding.h"
#include "archive/member.h"
#include "base/memory.h"
#include "criu/criu.h"

enum {
    CRIU_CHECK_RECORDS_MAX = 1 << 17, /* images that are noted; an archive may have half as many */
    CRIU_CHECK_HEAD_BYTES = 8 << 10,  /* of an image of which the first message will do */
    /* Of all images with paths, and of all others, that are parsed: hostile ones take 100 ns a
     * byte. */
    CRIU_CHECK_PATHS_MAX_BYTES = 32 << 20,
    CRIU_CHECK_OTHERS_MAX_BYTES = 24 << 20,
};

/* What CRIU on the node has to be able to do, or be told. */
struct criu_traits {
    bool has_parent;      /* there is an earlier checkpoint, which has some of its memory */
    bool has_wide_maps;   /* page maps that CRIU reads from 4.2 on */
    bool is_newer;        /* images or pages of a kind that CRIU 4.2 does not write */
    bool has_connections; /* TCP connections that a restore is to keep */
    bool has_cgroup_v1;
    struct buffer memory_mounts; /* where a tmpfs is mounted: paths, a NUL behind each */
};

/* Whether a tmpfs is mounted there. */
bool criu_traits_has_memory_mount(const struct criu_traits *traits, const char *path);
void criu_traits_done(struct criu_traits *traits);

struct criu_record;

struct criu_check {
    struct findings *findings;
    struct criu_record *records;
    size_t record_count, record_capacity;
    struct criu_pstree pstree;
    struct criu_inventory inventory;
    struct criu_traits traits;
    size_t path_bytes, other_bytes; /* parsed so far */
};

void criu_check_init(struct criu_check *check, struct findings *findings);
void criu_check_done(struct criu_check *check);

/* 0, or -1: refused. */
int criu_check_member(struct criu_check *check, const struct member *member, struct error *error);
/* As of struct walk_visitor. */
size_t criu_check_wants(const struct member *member);
int criu_check_content(struct criu_check *check, const struct member *member,
                       const struct buffer *content, struct error *error);
/* When all members have passed. */
int criu_check_finish(struct criu_check *check, struct error *error);

#endif
