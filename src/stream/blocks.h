// SPDX-License-Identifier: Apache-2.0
/*
 * What a pipeline remembers of the blocks of its layer: where each one begins in the encoded
 * stream, 24 bytes for each MiB of the archive, and with which level it was encoded. Both are
 * embedded in their owner, whose lock guards them.
 */
#ifndef CKPTOCI_STREAM_BLOCKS_H
#define CKPTOCI_STREAM_BLOCKS_H

#include <stdint.h>

#include "stream/codec.h"

/* Where a block of the encoded stream begins, and the checksum of all raw bytes before it. */
struct block_place {
    uint64_t block;    /* its number; its raw bytes begin at block * PIPELINE_BLOCK_SIZE */
    uint64_t offset;   /* bytes, in the encoded stream */
    uint32_t checksum; /* codec's */
};

struct block_index {
    struct block_place *places;
    size_t count, capacity;
};

void block_index_done(struct block_index *index);

/* The place of the block behind the last one. */
void block_index_append(struct block_index *index, uint64_t offset, uint32_t checksum);

/* The last of the first `blocks` blocks, 1 at least, that begins at or before `offset`. */
struct block_place block_index_find(const struct block_index *index, uint64_t blocks,
                                    uint64_t offset);

/*
 * Which level the blocks are compressed with where time matters more than size: the one at which
 * compressing is about as fast as what takes the blocks. It is chosen by the number of blocks that
 * wait on either side, so nothing has to be measured, and it follows a line whose speed changes. A
 * block keeps the level it was first given, so that it can be made again.
 */
struct adaptation {
    const struct codec *codec; /* with a ladder */
    unsigned rung;             /* of its ladder, for the next block */
    unsigned patience;         /* blocks between two changes: a change shows only later */
    uint64_t changed_at;       /* block */
    uint8_t *rungs;            /* of the blocks that have one */
    size_t count, capacity;
};

/* Begins with the codec's default level. `in_flight`: blocks that can be on their way at once. */
void adaptation_init(struct adaptation *adaptation, const struct codec *codec, unsigned in_flight);
void adaptation_done(struct adaptation *adaptation);

/* `waiting` blocks are to be compressed, and `ready` ones to be taken, which is `full` at most. */
void adaptation_observe(struct adaptation *adaptation, unsigned waiting, unsigned ready,
                        unsigned full);

/* The level of a block. If it has none yet, it and all before it get one. */
int adaptation_level(struct adaptation *adaptation, uint64_t block);

#endif
