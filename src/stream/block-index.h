// SPDX-License-Identifier: Apache-2.0
/*
 * Where the blocks of an encoded stream begin: 24 bytes for each MiB of the archive. Embedded in
 * its owner, whose lock guards it.
 */
#ifndef CKPTOCI_STREAM_BLOCK_INDEX_H
#define CKPTOCI_STREAM_BLOCK_INDEX_H

#include <stdint.h>

/* Where a block of the encoded stream begins, and the checksum of all raw bytes before it. */
struct block_place {
    uint64_t block;    /* its number; its raw bytes begin at block * PIPELINE_BLOCK_SIZE */
    uint64_t offset;   /* bytes, in the encoded stream */
    uint32_t checksum; /* codec's */
};

struct block_index {
    struct block_place *places;
    uint64_t count, capacity;
};

void block_index_done(struct block_index *index);

/* The place of the block behind the last one. */
void block_index_append(struct block_index *index, uint64_t offset, uint32_t checksum);

/* The last of the first `blocks` blocks, 1 at least, that begins at or before `offset`. */
struct block_place block_index_find(const struct block_index *index, uint64_t blocks,
                                    uint64_t offset);

#endif
