// SPDX-License-Identifier: Apache-2.0
/*
 * gzip (RFC 1952): one member, so that every gunzip reads it whole. Each block is a run of deflate
 * blocks (RFC 1951) that ends on a byte boundary and looks back to nothing before it.
 *
 * The deflate part comes from ISA-L or from zlib, whichever the build has: deflate_*.
 */
#ifndef CKPTOCI_STREAM_CODEC_GZIP_H
#define CKPTOCI_STREAM_CODEC_GZIP_H

#include "stream/codec.h"

extern const struct codec gzip_codec;

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

#endif
