// SPDX-License-Identifier: Apache-2.0
/*
 * What the extended headers before a member put in place of what its own header says: PAX
 * (POSIX.1-2001, "pax Extended Header") and GNU tar's long names. Only keys that all readers know,
 * or that none obeys, each once. Embedded in its owner; one thread.
 */
#ifndef CKPTOCI_ARCHIVE_TAR_OVERRIDE_H
#define CKPTOCI_ARCHIVE_TAR_OVERRIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/tar-block.h"
#include "base/memory.h"

enum {
    /* Of an extended header: what Go reads (archive/tar, maxSpecialFileSize). Linux has attributes
     * of 64 KiB each. */
    TAR_OVERRIDE_MAX_BYTES = 1 << 20,
    TAR_XATTRS_MAX = 256, /* of a member: each is compared with each */
};

struct tar_override {
    unsigned keys;                      /* those there are: a bit for each row of a table */
    bool is_gnu;                        /* L or K */
    struct buffer path, link;           /* data NULL: none */
    struct buffer sparse_path;          /* in place of path, where the member has holes */
    bool has_size, has_map;             /* has_map: the content begins with a map of its holes */
    uint64_t size, sparse_size;         /* sparse_size: with its holes */
    const char *xattrs[TAR_XATTRS_MAX]; /* the keys, inside of the records */
    size_t xattr_len[TAR_XATTRS_MAX], xattr_count;
};

void tar_override_init(struct tar_override *override);
void tar_override_done(struct tar_override *override);

/* The content of an extended header of type x, g, L or K, a NUL behind it. `data` may go
 * afterwards. NULL, or what is wrong with it. */
const char *tar_override_take(struct tar_override *override, char type, const char *data,
                              size_t len);

/* Whether it goes with the member's own header: what that can hold must be the same in both.
 * NULL, or what does not. */
const char *tar_override_check(const struct tar_override *override, const struct tar_block *own);

#endif
