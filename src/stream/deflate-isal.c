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
/* RFC 1952: they must be zero. gzip and zlib refuse them, ISA-L does not look. */
enum { GZIP_RESERVED_FLAGS = 0xe0 };

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

/* The header is read by its own function: isal_inflate() forgets what it has of one that comes in
 * pieces. */
struct gunzip_state {
    struct inflate_state stream;
    struct isal_gzip_header header;
    bool has_header;
};

void *gunzip_new(void)
{
    struct gunzip_state *state = NEW(struct gunzip_state);

    isal_inflate_init(&state->stream);
    return state;
}

void gunzip_free(void *state)
{
    free(state);
}

static void begin_member(struct gunzip_state *state)
{
    isal_inflate_reset(&state->stream);
    state->stream.crc_flag = ISAL_GZIP_NO_HDR_VER;
    isal_gzip_header_init(&state->header);
    state->has_header = false;
}

/* As isal_inflate(). */
static int inflate_more(struct gunzip_state *state)
{
    int result;

    if (!state->has_header) {
        result = isal_read_gzip_header(&state->stream, &state->header);
        if (result != ISAL_DECOMP_OK)
            return result == ISAL_END_INPUT ? ISAL_DECOMP_OK : result;
        if (state->header.flags & GZIP_RESERVED_FLAGS)
            return ISAL_INVALID_WRAPPER;
        state->has_header = true;
    }
    return isal_inflate(&state->stream);
}

static const char *problem(int result)
{
    switch (result) {
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
        return "incorrect header";
    case ISAL_INCORRECT_CHECKSUM:
        return "incorrect checksum";
    default:
        return "invalid block";
    }
}

int gunzip(void *pointer, bool *inside, const uint8_t **in, size_t *in_len, uint8_t *out,
           size_t capacity, size_t *out_len, struct error *error)
{
    struct gunzip_state *state = pointer;
    struct inflate_state *stream = &state->stream;
    int result;

    if (!*inside)
        begin_member(state);
    *inside = true;
    stream->next_in = (uint8_t *)(uintptr_t)*in; /* ISA-L only reads it */
    stream->avail_in = (uint32_t)*in_len;
    stream->next_out = out;
    stream->avail_out = (uint32_t)capacity;
    result = inflate_more(state);
    /* Then it does not tell how far it has come. */
    if (result != ISAL_DECOMP_OK)
        return error_set(error, ERROR_ARCHIVE, "damaged gzip data: %s", problem(result));
    *in += *in_len - stream->avail_in;
    *in_len = stream->avail_in;
    *out_len = capacity - stream->avail_out;
    if (state->has_header && stream->block_state == ISAL_BLOCK_FINISH)
        *inside = false;
    return 0;
}
