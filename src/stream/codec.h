// SPDX-License-Identifier: Apache-2.0
/*
 * How a layer's bytes are encoded. Every codec works on blocks that do not know of each other, so
 * that any number of workers gives the same bytes and any block can be encoded again on its own;
 * what the codec needs of the whole is put in front of the first block and behind the last.
 */
#ifndef CKPTOCI_STREAM_CODEC_H
#define CKPTOCI_STREAM_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZSTD,
};

struct codec {
    const char *name; /* as in --compression-format */
    int min_level, max_level, default_level;
    const int *ladder; /* levels to adapt with, the fastest first; NULL: none */
    unsigned ladder_count;

    /* Most bytes that encoding `len` bytes can give, with what goes in front and behind. */
    size_t (*bound)(size_t len);

    /* What one worker needs to encode; one thread at a time. */
    void *(*state_new)(int level);
    void (*state_free)(void *state);
    /* For the blocks that follow; a level of the ladder. NULL where that is. */
    void (*state_set_level)(void *state, int level);

    /*
     * Encodes one block into `out`, which holds bound(len) bytes. NULL for a codec that leaves the
     * bytes as they are. *checksum is of this block alone. -1: the library failed.
     */
    int (*encode)(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len,
                  uint32_t *checksum);

    size_t head_len; /* bytes of `head`, in front of the first block */
    const uint8_t *head;
    /* What goes behind the last block: writes to `out`, returns its length. NULL for none.
     * `checksum` and `total` (bytes) are of everything encoded. */
    size_t (*tail)(uint32_t checksum, uint64_t total, uint8_t *out);
    /* The checksum of a stretch of bytes followed by another one of `len` bytes. */
    uint32_t (*checksum_append)(uint32_t checksum, uint32_t next, size_t len);
};

const struct codec *codec_for(enum compression compression);

#endif
