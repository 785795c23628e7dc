// SPDX-License-Identifier: Apache-2.0
/*
 * Reads a checkpoint archive as it streams by, keeps the few members that say what it is, and
 * refuses what is no whole checkpoint. The tars inside are read on the way too. One thread, one
 * pass, no seeking.
 */
#ifndef CKPTOCI_ARCHIVE_WALK_H
#define CKPTOCI_ARCHIVE_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "archive/criu-check.h"
#include "archive/expansion.h"
#include "archive/finding.h"
#include "archive/member.h"
#include "archive/suspects.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "stream/source.h"

enum {
    METADATA_MAX_BYTES = 8 << 20, /* of spec.dump, config.dump; real ones are below 100 KiB */
    DOCUMENT_MAX_BYTES = 2 << 20, /* of the others; real ones are below 10 KiB */
    CORE_HEAD_BYTES = 64,         /* of checkpoint/core-*.img: enough for the machine type */
};

/* What was kept of an archive. Embedded in its owner. */
struct walk {
    struct buffer spec_dump;
    struct buffer config_dump;
    /* Not every engine writes these; without data where the archive has none. */
    struct buffer status_dump;    /* containerd's */
    struct buffer bind_mounts;    /* CRI-O's */
    struct buffer network_status; /* podman's */
    struct buffer core_head; /* the first bytes of the first CRIU core image; empty without one */
    time_t inventory_time;   /* modification time of checkpoint/inventory.img: when CRIU wrote it */
    uint64_t bytes;          /* of the whole archive */
    struct criu_traits criu; /* after a whole walk */
    struct suspects suspects; /* what the documents have to tell */
};

/*
 * Is told of every member, of the archive and of the tars inside, in their order; a tar's members
 * come right behind the member that is the tar. Any function may be NULL. -1 ends the walk with
 * that error.
 */
struct walk_visitor {
    void *context;
    int (*member)(void *context, const struct member *member, struct error *error);
    /* How many bytes of the member content() is to get, 0 for none. They are held in memory. Is
     * asked only for files without holes, and not for the tars that the walk reads itself. */
    size_t (*wants)(void *context, const struct member *member);
    /* content->len is what was wanted or, where that is less, member->size. `content` is the
     * walk's, for the time of the call. */
    int (*content)(void *context, const struct member *member, const struct buffer *content,
                   struct error *error);
    /* Whether watch() is to be given all content of the member, or of its first part until it
     * returns 0, as it passes: for what is too large for content(). Asked as wants() is, where that
     * wants nothing. */
    bool (*watches)(void *context, const struct member *member);
    int (*watch)(void *context, uint64_t offset, const void *data, size_t len);
    /* Not for the visitor, but the walk itself. */
    const struct cancel *cancel; /* ends it; NULL: nothing does */
    struct expansion *expansion; /* counts what is decompressed on the way; NULL: one of its own */
    /* The size of an archive whose source can go forward by source_seek(), as a file can: long
     * content that nobody wants is then not read. 0: all of it is read. */
    uint64_t hops_within;
};

/*
 * Takes `tar`, the uncompressed archive, to its end: every byte of it has then passed. `visitor`
 * may be NULL; `findings`, to which is added what the checks find, may not. -1: ERROR_ARCHIVE for
 * what is refused, and a finding says why; or the source's or the visitor's own error, without a
 * finding. *walk is written in either case: after a failure it has what was kept until then.
 */
int walk_archive(struct walk *walk, struct source *tar, const struct walk_visitor *visitor,
                 struct findings *findings, struct error *error);

/*
 * For lists: reads only until spec.dump, config.dump and checkpoint/inventory.img have been there,
 * and checks nothing else. `hops_within` as in struct walk_visitor. -1: ERROR_ARCHIVE, one of them
 * is missing, there twice or too large; or the source's own error. *walk is written as above.
 */
int walk_metadata(struct walk *walk, struct source *tar, uint64_t hops_within, struct error *error);
void walk_done(struct walk *walk);

#endif
