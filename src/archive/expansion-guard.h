// SPDX-License-Identifier: Apache-2.0
/* Stops a decompression whose output is out of all proportion to its input. */
#ifndef CKPTOCI_ARCHIVE_EXPANSION_GUARD_H
#define CKPTOCI_ARCHIVE_EXPANSION_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/finding.h"
#include "stream/source.h"

/* What may become of compressed data: `free_bytes` in any case, and `ratio` times what is stored.
 * Shared by all streams that are counted together. */
struct expansion {
    struct findings *findings;
    uint64_t free_bytes;
    unsigned ratio;
    const _Atomic int64_t *stored; /* compressed bytes that have been taken so far */
    uint64_t unpacked;             /* bytes that have come out so far */
    bool reported;
};

/* The bytes of `inner`, which it owns and which decompresses. More than is allowed is reported as
 * CHECK_DECOMPRESSION_BOMB in `member` (NULL: the archive) and, unless that check is allowed, ends
 * the stream with ERROR_ARCHIVE. All else is borrowed. */
struct source *expansion_guard_new(struct source *inner, struct expansion *expansion,
                                   const char *member);

#endif
