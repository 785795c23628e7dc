// SPDX-License-Identifier: Apache-2.0
#include "stream/decoder.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/memory.h"

enum {
    GZIP_WINDOW = 15 + 16,      /* the largest window, and gzip's header and trailer */
    ZSTD_WINDOW_LOG_MAX = 27,   /* 128 MiB: what the zstd command accepts without further options */
    ZSTD_HEADER_MAX_BYTES = 18, /* RFC 8878, section 3.1.1.1 */
    ZSTD_HEADER_STEP_BYTES = 4, /* less than any frame has */
    OUT_CAPACITY = 256 << 10,
};

struct decoder {
    enum compression compression;
    bool inside; /* a member or frame that has begun and not ended */
    bool begun;  /* a first byte has been seen */
    z_stream gzip;
    ZSTD_DCtx *zstd;
    uint8_t magic[COMPRESSION_MAGIC_LEN]; /* of the zstd frame that has begun */
    size_t magic_len;
    size_t header_taken; /* bytes of the frame, up to ZSTD_HEADER_MAX_BYTES */
};

enum compression compression_detect(const uint8_t *bytes, size_t len)
{
    static const uint8_t gzip_magic[] = {0x1f, 0x8b};
    static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};

    if (len >= sizeof gzip_magic && memcmp(bytes, gzip_magic, sizeof gzip_magic) == 0)
        return COMPRESSION_GZIP;
    if (len >= sizeof zstd_magic && memcmp(bytes, zstd_magic, sizeof zstd_magic) == 0)
        return COMPRESSION_ZSTD;
    return COMPRESSION_NONE;
}

struct decoder *decoder_new(enum compression compression)
{
    struct decoder *decoder = NEW(struct decoder);
    bool ready;

    decoder->compression = compression;
    if (compression == COMPRESSION_GZIP) {
        ready = inflateInit2(&decoder->gzip, GZIP_WINDOW) == Z_OK;
    } else {
        decoder->zstd = ZSTD_createDCtx();
        ready = decoder->zstd &&
                !ZSTD_isError(ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax,
                                                     ZSTD_WINDOW_LOG_MAX));
    }
    if (!ready) {
        fputs("ckptoci: the decompressor cannot be set up\n", stderr);
        abort();
    }
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->compression == COMPRESSION_GZIP)
        inflateEnd(&decoder->gzip);
    ZSTD_freeDCtx(decoder->zstd);
    free(decoder);
}

static int run_gzip(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out,
                    size_t capacity, size_t *out_len, struct error *error)
{
    z_stream *stream = &decoder->gzip;
    int result;

    if (!decoder->inside) {
        if (inflateReset(stream) != Z_OK)
            return error_set(error, ERROR_ARCHIVE, "gzip: cannot start");
        decoder->inside = true;
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
        decoder->inside = false;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return error_set(error, ERROR_ARCHIVE, "damaged gzip data: %s",
                         stream->msg ? stream->msg : zError(result));
    return 0;
}

/* A frame or a skippable frame (RFC 8878, section 3.1). libzstd may also know its own formats from
 * before the standard, by luck of how the bytes come, and others do not: they are refused. */
static bool is_zstd_magic(const uint8_t magic[COMPRESSION_MAGIC_LEN])
{
    return compression_detect(magic, COMPRESSION_MAGIC_LEN) == COMPRESSION_ZSTD ||
           ((magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0);
}

/* 1: the magic number is there and libzstd has it; 0: more input is needed. */
static int take_zstd_magic(struct decoder *decoder, const uint8_t **in, size_t *in_len,
                           struct error *error)
{
    ZSTD_inBuffer from = {decoder->magic, COMPRESSION_MAGIC_LEN, 0};
    ZSTD_outBuffer to = {NULL, 0, 0};

    if (decoder->inside && decoder->magic_len == COMPRESSION_MAGIC_LEN)
        return 1;
    if (!decoder->inside)
        decoder->magic_len = 0;
    decoder->inside = true;
    while (*in_len > 0 && decoder->magic_len < COMPRESSION_MAGIC_LEN) {
        decoder->magic[decoder->magic_len++] = *(*in)++;
        --*in_len;
    }
    if (decoder->magic_len < COMPRESSION_MAGIC_LEN)
        return 0;
    if (!is_zstd_magic(decoder->magic) ||
        ZSTD_isError(ZSTD_decompressStream(decoder->zstd, &to, &from)))
        return error_set(error, ERROR_ARCHIVE,
                         "damaged zstd data: no frame where one should begin");
    decoder->header_taken = COMPRESSION_MAGIC_LEN;
    return 1;
}

/* How much of the input libzstd may have at once. While it reads a header it takes the input for a
 * whole frame if it looks like one, also if it has had the frame's beginning before. */
static size_t zstd_portion(const struct decoder *decoder, size_t in_len)
{
    if (decoder->header_taken < ZSTD_HEADER_MAX_BYTES && in_len > ZSTD_HEADER_STEP_BYTES)
        return ZSTD_HEADER_STEP_BYTES;
    return in_len;
}

static int run_zstd(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out,
                    size_t capacity, size_t *out_len, struct error *error)
{
    int ready = take_zstd_magic(decoder, in, in_len, error);
    ZSTD_inBuffer from = {*in, zstd_portion(decoder, *in_len), 0};
    ZSTD_outBuffer to = {out, capacity, 0};
    size_t result;

    if (ready <= 0)
        return ready;
    result = ZSTD_decompressStream(decoder->zstd, &to, &from);
    if (ZSTD_isError(result))
        return error_set(error, ERROR_ARCHIVE, "damaged zstd data: %s", ZSTD_getErrorName(result));
    *in += from.pos;
    *in_len -= from.pos;
    *out_len = to.pos;
    if (decoder->header_taken < ZSTD_HEADER_MAX_BYTES)
        decoder->header_taken += from.pos;
    decoder->inside = result != 0;
    return 0;
}

int decoder_run(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out,
                size_t capacity, size_t *out_len, struct error *error)
{
    size_t before = *in_len;

    *out_len = 0;
    if (!decoder->inside && *in_len == 0)
        return 0;
    decoder->begun = true;
    do {
        if ((decoder->compression == COMPRESSION_GZIP ? run_gzip : run_zstd)(decoder, in, in_len,
                                                                             out, capacity, out_len,
                                                                             error) < 0)
            return -1;
        if (*out_len > 0 || *in_len == before)
            break;
        before = *in_len;
    } while (*in_len > 0);
    return 0;
}

int decoder_finish(const struct decoder *decoder, struct error *error)
{
    if (!decoder->inside && decoder->begun)
        return 0;
    return error_set(error, ERROR_ARCHIVE, "truncated: the %s data ends before its end mark",
                     decoder->compression == COMPRESSION_GZIP ? "gzip" : "zstd");
}

struct decoding_source {
    struct source source;
    struct source *compressed;
    struct decoder *decoder;
    const uint8_t *in;
    size_t in_len;
    uint8_t out[OUT_CAPACITY];
};

static int decoding_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct decoding_source *self = (struct decoding_source *)source;

    for (;;) {
        const void *in;
        int more;

        if (decoder_run(self->decoder, &self->in, &self->in_len, self->out, sizeof self->out, len,
                        error) < 0)
            return -1;
        if (*len > 0) {
            *data = self->out;
            return 1;
        }
        more = source_next(self->compressed, &in, &self->in_len, error);
        if (more < 0)
            return -1;
        if (more == 0)
            return decoder_finish(self->decoder, error);
        self->in = in;
    }
}

static void decoding_free(struct source *source)
{
    struct decoding_source *self = (struct decoding_source *)source;

    decoder_free(self->decoder);
    source_free(self->compressed);
    free(self);
}

struct source *decoding_source_new(struct source *compressed, enum compression compression)
{
    static const struct source_ops ops = {.next = decoding_next, .free = decoding_free};
    struct decoding_source *self = NEW(struct decoding_source);

    self->source.ops = &ops;
    self->compressed = compressed;
    self->decoder = decoder_new(compression);
    return &self->source;
}
