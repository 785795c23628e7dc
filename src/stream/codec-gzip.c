// SPDX-License-Identifier: Apache-2.0
/*
 * gzip (RFC 1952). Encoded as one member, so that every gunzip reads it whole: each block is a run
 * of deflate blocks (RFC 1951) that ends on a byte boundary and looks back to nothing before it.
 * Decoded from any number of members.
 */
#include "config.h"

#include <string.h>
#include <zlib.h>

#include "stream/codec.h"
#include "stream/deflate.h"

/* No name, no time: the same archive always gives the same bytes. System: unknown. */
static const uint8_t gzip_head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

/* The last deflate block: fixed codes, nothing in it but its end. */
static const uint8_t empty_last_block[] = {0x03, 0x00};

enum {
    GZIP_TAIL_LEN = sizeof empty_last_block + 8,
};

static void put_le32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

static size_t gzip_tail(uint32_t checksum, uint64_t total, uint8_t *out)
{
    memcpy(out, empty_last_block, sizeof empty_last_block);
    put_le32(out + sizeof empty_last_block, checksum);
    put_le32(out + sizeof empty_last_block + 4, (uint32_t)total);
    return GZIP_TAIL_LEN;
}

static uint32_t gzip_checksum_append(uint32_t checksum, uint32_t next, size_t len)
{
    return (uint32_t)crc32_combine(checksum, next, (z_off_t)len);
}

static size_t gzip_bound(size_t len)
{
    return sizeof gzip_head + deflate_block_bound(len) + GZIP_TAIL_LEN;
}

const struct codec gzip_codec = {
    .compression = COMPRESSION_GZIP,
    .name = "gzip",
    .magic = {0x1f, 0x8b},
    .magic_len = 2,
    .media_type = LAYER_TYPE_OCI "+gzip",
    .docker_type = LAYER_TYPE_DOCKER ".gzip",
    .suffixes = {".tar.gz", ".tgz"},
    .min_level = DEFLATE_MIN_LEVEL,
    .max_level = DEFLATE_MAX_LEVEL,
    .default_level = DEFLATE_DEFAULT_LEVEL,
    .bound = gzip_bound,
    .state_new = deflate_state_new,
    .state_free = deflate_state_free,
    .encode = deflate_block,
    .head_len = sizeof gzip_head,
    .head = gzip_head,
    .tail = gzip_tail,
    .checksum_append = gzip_checksum_append,
    .decoding_new = gunzip_new,
    .decoding_free = gunzip_free,
    .decode = gunzip,
};
