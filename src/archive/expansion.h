// SPDX-License-Identifier: Apache-2.0
/*
 * How much may be decompressed of one archive: of the archive itself, where it is compressed, and
 * of the compressed tars in it, all counted together. Whoever decompresses puts a guard behind the
 * decoder. One thread.
 */
#ifndef CKPTOCI_ARCHIVE_EXPANSION_H
#define CKPTOCI_ARCHIVE_EXPANSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/finding.h"
#include "base/cancel.h"
#include "base/error.h"
#include "stream/source.h"

enum {
    /* What compressed data may become: so many bytes in any case, which --max-unpacked changes, and
     * so many for each one that is stored. zstd makes one byte of 10,000 zeros, and memory that was
     * touched and not filled is zeros; so the ratio alone says little. */
    EXPANSION_FREE_BYTES = 1 << 30,
    EXPANSION_RATIO = 2000,
};

/* Embedded in its owner. The first group is filled in by it, and borrowed. */
struct expansion {
    struct findings *findings;
    uint64_t free_bytes;        /* 0: EXPANSION_FREE_BYTES */
    bool is_archive_compressed; /* else the compressed tars inside count */
    /* Of such an archive, where it comes decompressed already: its bytes that have been read so
     * far. NULL: expansion_count_new() counts them. */
    const _Atomic int64_t *archive_bytes;
    const struct cancel *cancel; /* ends every guarded stream; NULL: nothing does */

    uint64_t stored;   /* compressed bytes that decoders have taken so far */
    uint64_t unpacked; /* bytes that have come out so far */
    bool reported;
    bool ended; /* it was refused: no guarded stream gives anything more */
    struct error reason;
};

/* The bytes of `inner`, which it owns and which decompresses. More than is allowed is reported once
 * as CHECK_DECOMPRESSION_BOMB in `member` (NULL: the archive) and, unless that check is allowed,
 * ends all streams of this expansion with ERROR_ARCHIVE, also where findings are only collected:
 * nobody is to be kept busy by it. All else is borrowed. */
struct source *expansion_guard_new(struct source *inner, struct expansion *expansion,
                                   const char *member);

/* What a decoder is to read: the bytes of `inner`, which it owns, counted. All else is borrowed. */
struct source *expansion_count_new(struct source *inner, struct expansion *expansion);

#endif
