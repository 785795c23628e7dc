// SPDX-License-Identifier: Apache-2.0
#include "stream/blocks.h"

#include <stdlib.h>

#include "base/memory.h"
#include "stream/blocks.h"

void block_index_done(struct block_index *index)
{
    free(index->places);
    *index = (struct block_index){0};
}

void block_index_append(struct block_index *index, uint64_t offset, uint32_t checksum)
{
    index->places = xgrow(index->places, index->count, &index->capacity, sizeof *index->places);
    index->places[index->count] =
        (struct block_place){.block = index->count, .offset = offset, .checksum = checksum};
    index->count++;
}

struct block_place block_index_find(const struct block_index *index, uint64_t blocks,
                                    uint64_t offset)
{
    uint64_t low = 0, high = blocks - 1;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;

        if (index->places[middle].offset <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    return index->places[low];
}

void adaptation_init(struct adaptation *adaptation, const struct codec *codec, unsigned in_flight)
{
    *adaptation = (struct adaptation){.codec = codec, .patience = in_flight};
    while (codec->ladder[adaptation->rung] != codec->default_level)
        adaptation->rung++;
}

void adaptation_done(struct adaptation *adaptation)
{
    free(adaptation->rungs);
    *adaptation = (struct adaptation){0};
}

void adaptation_observe(struct adaptation *adaptation, unsigned waiting, unsigned ready,
                        unsigned full)
{
    unsigned before = adaptation->rung;

    if (adaptation->count - adaptation->changed_at < adaptation->patience)
        return;
    if (ready >= full - full / 4 && adaptation->rung + 1 < adaptation->codec->ladder_count)
        adaptation->rung++;
    else if (waiting > 0 && ready <= full / 4 && adaptation->rung > 0)
        adaptation->rung--;
    if (adaptation->rung != before)
        adaptation->changed_at = adaptation->count;
}

int adaptation_level(struct adaptation *adaptation, uint64_t block)
{
    while (adaptation->count <= block) {
        adaptation->rungs = xgrow(adaptation->rungs, adaptation->count, &adaptation->capacity, 1);
        adaptation->rungs[adaptation->count++] = (uint8_t)adaptation->rung;
    }
    return adaptation->codec->ladder[adaptation->rungs[block]];
}
