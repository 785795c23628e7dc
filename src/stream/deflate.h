// SPDX-License-Identifier: Apache-2.0
/* The deflate blocks of gzip, and back: by ISA-L or by zlib, whichever the build has. */
#ifndef CKPTOCI_STREAM_DEFLATE_H
#define CKPTOCI_STREAM_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
#ifdef HAVE_ISAL
    DEFLATE_MIN_LEVEL = 0,
    DEFLATE_MAX_LEVEL = 3,
#else
    DEFLATE_MIN_LEVEL = 1,
    DEFLATE_MAX_LEVEL = 9,
#endif
    DEFLATE_DEFAULT_LEVEL = 1,
};

void *deflate_state_new(int level);
void deflate_state_free(void *state);
/* Most bytes that deflating one block of `len` bytes can give. */
size_t deflate_block_bound(size_t len);
/* The block as whole deflate blocks, none of them the stream's last, and its CRC-32. */
int deflate_block(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len,
                  uint32_t *crc);

/* decoding_new(), decoding_free() and decode() of struct codec. */
void *gunzip_new(void);
void gunzip_free(void *state);
int gunzip(void *state, bool *inside, const uint8_t **in, size_t *in_len, uint8_t *out,
           size_t capacity, size_t *out_len, struct error *error);

#endif
