// SPDX-License-Identifier: Apache-2.0
/*
 * Which level the blocks of a layer are compressed with where time matters more than size: the one
 * at which compressing is about as fast as what takes the blocks. Going by how many blocks wait on
 * which side needs no measurement of its own, and follows a line whose speed changes.
 *
 * Every block keeps the level it was once given, so that it can be made again. Embedded in its
 * owner, whose lock guards it.
 */
#ifndef CKPTOCI_STREAM_ADAPTATION_H
#define CKPTOCI_STREAM_ADAPTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/codec.h"

struct adaptation {
    const struct codec *codec; /* with a ladder */
    unsigned rung;             /* of its ladder, for the next block */
    unsigned patience;         /* blocks between two changes: a change shows only later */
    uint64_t changed_at;       /* block */
    uint8_t *rungs;            /* of the blocks that have one */
    uint64_t count, capacity;
};

/* Begins with the codec's default level. `in_flight`: blocks that can be on their way at once. */
void adaptation_init(struct adaptation *adaptation, const struct codec *codec, unsigned in_flight);
void adaptation_done(struct adaptation *adaptation);

/* `waiting` blocks are to be compressed, and `ready` ones to be taken, which is `full` at most. */
void adaptation_observe(struct adaptation *adaptation, unsigned waiting, unsigned ready,
                        unsigned full);

/* Settles it, with all blocks before, if it was not. */
int adaptation_level(struct adaptation *adaptation, uint64_t block);

#endif
