// SPDX-License-Identifier: Apache-2.0
/* Zstandard (RFC 8878). Encoded as a frame for each block, decoded from any number of frames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/memory.h"
#include "stream/codec.h"

enum {
    MAGIC_LEN = 4,
    WINDOW_LOG_MAX = 27,   /* 128 MiB: what the zstd command accepts without further options */
    HEADER_MAX_BYTES = 18, /* RFC 8878, section 3.1.1.1 */
    HEADER_STEP_BYTES = 4, /* less than any frame has */
};

/* From nearly a copy to where, of memory pages, more work gives no more than another percent. */
static const int zstd_ladder[] = {-100, -20, -5, -1, 1, 2, 3};

static void zstd_state_set_level(void *state, int level)
{
    if (!state || ZSTD_isError(ZSTD_CCtx_setParameter(state, ZSTD_c_compressionLevel, level))) {
        fputs("ckptoci: libzstd cannot be set up\n", stderr);
        abort();
    }
}

static void *zstd_state_new(int level)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();

    zstd_state_set_level(context, level);
    return context;
}

static void zstd_state_free(void *state)
{
    ZSTD_freeCCtx(state);
}

/* No frame checksum: the layer's digest covers every byte, and the frames are never apart from it.
 */
static int zstd_encode(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len,
                       uint32_t *checksum)
{
    size_t written = ZSTD_compress2(state, out, ZSTD_compressBound(len), in, len);

    if (ZSTD_isError(written))
        return -1;
    *out_len = written;
    *checksum = 0;
    return 0;
}

struct unzstd {
    ZSTD_DCtx *context;
    uint8_t magic[MAGIC_LEN]; /* of the frame that has begun */
    size_t magic_len;
    size_t header_taken; /* bytes of the frame, up to HEADER_MAX_BYTES */
};

static void *unzstd_new(void)
{
    struct unzstd *self = NEW(struct unzstd);

    self->context = ZSTD_createDCtx();
    if (!self->context ||
        ZSTD_isError(ZSTD_DCtx_setParameter(self->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        fputs("ckptoci: libzstd cannot be set up\n", stderr);
        abort();
    }
    return self;
}

static void unzstd_free(void *state)
{
    struct unzstd *self = state;

    ZSTD_freeDCtx(self->context);
    free(self);
}

/* A frame or a skippable frame (RFC 8878, section 3.1). libzstd may also know its own formats from
 * before the standard, by luck of how the bytes come, and others do not: they are refused. */
static bool is_magic(const uint8_t magic[MAGIC_LEN])
{
    return memcmp(magic, zstd_codec.magic, MAGIC_LEN) == 0 ||
           ((magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0);
}

/* 1: the magic number is there and libzstd has it; 0: more input is needed. */
static int take_magic(struct unzstd *self, bool *inside, const uint8_t **in, size_t *in_len,
                      struct error *error)
{
    ZSTD_inBuffer from = {self->magic, MAGIC_LEN, 0};
    ZSTD_outBuffer to = {NULL, 0, 0};

    if (*inside && self->magic_len == MAGIC_LEN)
        return 1;
    if (!*inside)
        self->magic_len = 0;
    *inside = true;
    while (*in_len > 0 && self->magic_len < MAGIC_LEN) {
        self->magic[self->magic_len++] = *(*in)++;
        --*in_len;
    }
    if (self->magic_len < MAGIC_LEN)
        return 0;
    if (!is_magic(self->magic) || ZSTD_isError(ZSTD_decompressStream(self->context, &to, &from)))
        return error_set(error, ERROR_ARCHIVE,
                         "damaged zstd data: no frame where one should begin");
    self->header_taken = MAGIC_LEN;
    return 1;
}

/* How much of the input libzstd may have at once. While it reads a header it takes the input for a
 * whole frame if it looks like one, also if it has had the frame's beginning before. */
static size_t portion(const struct unzstd *self, size_t in_len)
{
    if (self->header_taken < HEADER_MAX_BYTES && in_len > HEADER_STEP_BYTES)
        return HEADER_STEP_BYTES;
    return in_len;
}

static int unzstd(void *state, bool *inside, const uint8_t **in, size_t *in_len, uint8_t *out,
                  size_t capacity, size_t *out_len, struct error *error)
{
    struct unzstd *self = state;
    int ready = take_magic(self, inside, in, in_len, error);
    ZSTD_inBuffer from = {*in, portion(self, *in_len), 0};
    ZSTD_outBuffer to = {out, capacity, 0};
    size_t result;

    if (ready <= 0)
        return ready;
    result = ZSTD_decompressStream(self->context, &to, &from);
    if (ZSTD_isError(result))
        return error_set(error, ERROR_ARCHIVE, "damaged zstd data: %s", ZSTD_getErrorName(result));
    *in += from.pos;
    *in_len -= from.pos;
    *out_len = to.pos;
    if (self->header_taken < HEADER_MAX_BYTES)
        self->header_taken += from.pos;
    *inside = result != 0;
    return 0;
}

const struct codec zstd_codec = {
    .compression = COMPRESSION_ZSTD,
    .name = "zstd",
    .magic = {0x28, 0xb5, 0x2f, 0xfd},
    .magic_len = MAGIC_LEN,
    .media_type = LAYER_TYPE_OCI "+zstd",
    .docker_type = LAYER_TYPE_DOCKER ".zstd",
    .suffixes = {".tar.zst", ".tzst"},
    .alternative = "gzip",
    .min_level = 1,
    .max_level = 19,
    .default_level = 1,
    .ladder = zstd_ladder,
    .ladder_count = sizeof zstd_ladder / sizeof *zstd_ladder,
    .bound = ZSTD_compressBound,
    .state_new = zstd_state_new,
    .state_free = zstd_state_free,
    .state_set_level = zstd_state_set_level,
    .encode = zstd_encode,
    .decoding_new = unzstd_new,
    .decoding_free = unzstd_free,
    .decode = unzstd,
};
