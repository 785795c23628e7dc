// SPDX-License-Identifier: Apache-2.0
/*
 * The checks of the members, while they pass, and at the end of the list deleted.files: a part of
 * the walk, which owns it. What the documents say is checked by checkpoint_check().
 *
 * The engines unpack `rootfs-diff.tar` and its like as root into a container's file system, so what
 * is legitimate there (symlinks, whiteouts) is not in the archive itself, and the other way round.
 */
#ifndef CKPTOCI_ARCHIVE_GATE_H
#define CKPTOCI_ARCHIVE_GATE_H

#include <stdint.h>

#include "archive/archive-reader.h"
#include "archive/finding.h"
#include "archive/inner-tar.h"
#include "archive/path-set.h"
#include "archive/suspects.h"
#include "base/cancel.h"
#include "base/memory.h"

enum {
    GATE_MAX_MEMBERS = 1 << 16,       /* of the archive itself: a few for each process */
    GATE_MAX_INNER_MEMBERS = 1000000, /* of all tars inside: 8 bytes each are held */
    GATE_MAX_PATHS_BYTES = 128 << 20, /* of the paths of all of them */
    GATE_MAX_HEADERS_MIB = 2048,      /* of all their headers */
    GATE_LIST_MAX_BYTES = 8 << 20,    /* of deleted.files */
};

/* One tar: which names it has used. */
struct gate_tar {
    enum inner_tar kind; /* INNER_TAR_NONE: the archive itself */
    struct path_set *paths;
    bool base_link_suspected; /* once is enough */
};

struct gate {
    struct findings *findings;
    const struct cancel *cancel; /* or NULL */
    struct gate_tar archive, inner;
    uint64_t member_count, inner_member_count, path_bytes, header_bytes;
    bool is_too_many;
    struct suspects suspects;    /* the walk takes them over */
    struct path_set *rootfs;     /* of rootfs-diff.tar; NULL without one */
    struct buffer deleted_files; /* without data: there is none */
};

/* Borrows both; `cancel` may be NULL. */
void gate_init(struct gate *gate, struct findings *findings, const struct cancel *cancel);
void gate_done(struct gate *gate);

void gate_begin_inner(struct gate *gate, enum inner_tar kind);
void gate_end_inner(struct gate *gate);

/* 0, or -1: refused. */
int gate_member(struct gate *gate, const struct member *member, struct error *error);
/* What is wrong with the headers of a tar; `container` NULL for the archive itself. */
int gate_oddity(struct gate *gate, const char *container, const struct tar_fault *fault,
                struct error *error);
/* As of struct walk_visitor. */
size_t gate_wants(const struct member *member);
int gate_content(struct gate *gate, const struct member *member, const struct buffer *content,
                 struct error *error);
/* When all members have passed. */
int gate_finish(struct gate *gate, struct error *error);

/* Parts of gate_member(), in gate-member.c. */
int gate_check_name(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                    struct error *error);
int gate_check_type(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                    struct error *error);

#endif
