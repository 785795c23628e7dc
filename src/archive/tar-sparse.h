// SPDX-License-Identifier: Apache-2.0
/*
 * The map of the holes of one member, as GNU tar writes it: in the header itself and in blocks
 * behind it (type S), or as text at the beginning of the content (PAX, version 1.0). Readers take
 * from the map how much content there is, and some go on to the next header behind that; so it has
 * to be in order, and to cover what is stored. A plain value; one thread.
 */
#ifndef CKPTOCI_ARCHIVE_TAR_SPARSE_H
#define CKPTOCI_ARCHIVE_TAR_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

struct tar_sparse {
    uint64_t size;   /* of the file with its holes */
    uint64_t stored; /* bytes of content that the map is to cover */
    uint64_t end;    /* of the last region so far */
    uint64_t data;   /* bytes in all regions so far */
    bool is_odd;     /* the last region with content does not fill its last block */
    bool more;       /* another block of the map follows */

    /* Of the text. */
    bool has_count, has_offset, in_number;
    uint64_t left;           /* numbers that follow */
    uint64_t number, offset; /* the one that is being read, and the one before */
    uint64_t text_bytes;
};

/* The header of type S. NULL, or what is wrong; so for all below. */
const char *tar_sparse_begin(struct tar_sparse *sparse, const uint8_t header[TAR_BLOCK_BYTES],
                             uint64_t stored);
/* The next block, as long as there are more. */
const char *tar_sparse_extend(struct tar_sparse *sparse, const uint8_t block[TAR_BLOCK_BYTES]);

void tar_sparse_begin_text(struct tar_sparse *sparse, uint64_t size, uint64_t stored);
/* Bytes of the content: *taken of them are the map's. more is false when it is complete. */
const char *tar_sparse_text(struct tar_sparse *sparse, const uint8_t *data, size_t len,
                            size_t *taken);

#endif
