// SPDX-License-Identifier: Apache-2.0
#include "stream/codec-zstd.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

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

const struct codec zstd_codec = {
    .name = "zstd",
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
};
