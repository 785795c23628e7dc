// SPDX-License-Identifier: Apache-2.0
/* deflate.h by zlib, for builds without ISA-L. */
#include "config.h"

#include "stream/deflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/memory.h"

enum {
    FLUSH_LEN = 16,
    RAW_DEFLATE = -15,
    MEMORY_LEVEL = 8,
    GUNZIP_WINDOW = 15 + 16, /* the largest window, and gzip's header and trailer */
};

void *deflate_state_new(int level)
{
    z_stream *stream = NEW(z_stream);

    if (deflateInit2(stream, level, Z_DEFLATED, RAW_DEFLATE, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        fputs("ckptoci: zlib cannot be set up\n", stderr);
        abort();
    }
    return stream;
}

void deflate_state_free(void *pointer)
{
    z_stream *stream = pointer;

    if (!stream)
        return;
    deflateEnd(stream);
    free(stream);
}

size_t deflate_block_bound(size_t len)
{
    /* zlib's own deflateBound() for any parameters, and the flush. */
    return len + (len >> 2) + 64 + FLUSH_LEN;
}

int deflate_block(void *pointer, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len,
                  uint32_t *crc)
{
    z_stream *stream = pointer;
    size_t capacity = deflate_block_bound(len);

    if (deflateReset(stream) != Z_OK)
        return -1;
    stream->next_in = (z_const Bytef *)(uintptr_t)in; /* zlib only reads it */
    stream->avail_in = (uInt)len;
    stream->next_out = out;
    stream->avail_out = (uInt)capacity;
    if (deflate(stream, Z_FULL_FLUSH) != Z_OK || stream->avail_in != 0 || stream->avail_out == 0)
        return -1;
    *out_len = capacity - stream->avail_out;
    *crc = (uint32_t)crc32(0, in, (uInt)len);
    return 0;
}

void *gunzip_new(void)
{
    z_stream *stream = NEW(z_stream);

    if (inflateInit2(stream, GUNZIP_WINDOW) != Z_OK) {
        fputs("ckptoci: zlib cannot be set up\n", stderr);
        abort();
    }
    return stream;
}

void gunzip_free(void *state)
{
    inflateEnd(state);
    free(state);
}

int gunzip(void *state, bool *inside, const uint8_t **in, size_t *in_len, uint8_t *out,
           size_t capacity, size_t *out_len, struct error *error)
{
    z_stream *stream = state;
    int result;

    if (!*inside) {
        if (inflateReset(stream) != Z_OK)
            return error_set(error, ERROR_ARCHIVE, "gzip: cannot start");
        *inside = true;
    }
    stream->next_in = (z_const Bytef *)(uintptr_t)*in; /* zlib only reads it */
    stream->avail_in = (uInt)*in_len;
    stream->next_out = out;
    stream->avail_out = (uInt)capacity;
    result = inflate(stream, Z_NO_FLUSH);
    *in += *in_len - stream->avail_in;
    *in_len = stream->avail_in;
    *out_len = capacity - stream->avail_out;
    if (result == Z_STREAM_END)
        *inside = false;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return error_set(error, ERROR_ARCHIVE, "damaged gzip data: %s",
                         stream->msg ? stream->msg : zError(result));
    return 0;
}
