// SPDX-License-Identifier: Apache-2.0
/* deflate.h by ISA-L. */
#include "config.h"

#include "stream/deflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "base/memory.h"

/* The header of a stored block, for each 64 KiB; and the byte-aligned end of a block. */
enum { STORED_HEADER_LEN = 5, STORED_MAX_LEN = 65535, FLUSH_LEN = 16 };

static const uint32_t level_buffer_sizes[] = {
    ISAL_DEF_LVL0_DEFAULT,
    ISAL_DEF_LVL1_DEFAULT,
    ISAL_DEF_LVL2_DEFAULT,
    ISAL_DEF_LVL3_DEFAULT,
};

struct deflate_state {
    struct isal_zstream stream;
    uint32_t level;
    uint8_t *level_buffer;
};

void *deflate_state_new(int level)
{
    struct deflate_state *state = NEW(struct deflate_state);

    state->level = (uint32_t)level;
    state->level_buffer = xcalloc(level_buffer_sizes[level], 1);
    return state;
}

void deflate_state_free(void *pointer)
{
    struct deflate_state *state = pointer;

    if (!state)
        return;
    free(state->level_buffer);
    free(state);
}

size_t deflate_block_bound(size_t len)
{
    return len + (len / STORED_MAX_LEN + 1) * STORED_HEADER_LEN + FLUSH_LEN;
}

int deflate_block(void *pointer, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len,
                  uint32_t *crc)
{
    struct deflate_state *state = pointer;
    struct isal_zstream *stream = &state->stream;

    isal_deflate_stateless_init(stream);
    stream->level = state->level;
    stream->level_buf = state->level_buffer;
    stream->level_buf_size = level_buffer_sizes[state->level];
    stream->flush = FULL_FLUSH;
    stream->end_of_stream = 0;
    stream->next_in = (uint8_t *)(uintptr_t)in; /* ISA-L only reads it */
    stream->avail_in = (uint32_t)len;
    stream->next_out = out;
    stream->avail_out = (uint32_t)deflate_block_bound(len);
    if (isal_deflate_stateless(stream) != COMP_OK || stream->avail_in != 0)
        return -1;
    *out_len = stream->total_out;
    *crc = crc32_gzip_refl(0, in, len);
    return 0;
}
