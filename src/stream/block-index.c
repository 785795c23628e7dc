// SPDX-License-Identifier: Apache-2.0
#include "stream/block-index.h"

#include <stdlib.h>

#include "base/memory.h"

void block_index_done(struct block_index *index)
{
    free(index->places);
    *index = (struct block_index){0};
}

void block_index_append(struct block_index *index, uint64_t offset, uint32_t checksum)
{
    if (index->count == index->capacity) {
        index->capacity = index->capacity * 2 + 64;
        index->places = xreallocarray(index->places, index->capacity, sizeof *index->places);
    }
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
