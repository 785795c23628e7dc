// SPDX-License-Identifier: Apache-2.0
/*
 * Compressed bytes. The first byte: g or z, decode the rest as gzip or zstd, in one piece and in
 * many, which must make no difference; G or Z, encode the rest and get it back.
 */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "oci/digest.h"
#include "stream/codec.h"

/* A few bytes may stand for very many, and there is nothing new in them. */
enum { OUT_MAX_BYTES = 1 << 20, ROUND_TRIP_MAX_BYTES = 64 << 10 };

/* 0 when all was decoded, 1 when there was enough of it, -1: damaged. */
static int decode(const struct fuzz_input *input, size_t piece, enum compression compression,
                  struct digest *digest, uint64_t *size)
{
    struct fuzz_source bytes;
    cleanup(sha256_freep) struct sha256 *hash = sha256_new();
    cleanup(source_freep) struct source *source = NULL;
    struct error error = {0};
    const void *data;
    size_t len;
    int more;

    fuzz_source_init(&bytes, input->data, input->len, piece);
    source = decoding_source_new(&bytes.source, compression);
    *size = 0;
    while ((more = source_next(source, &data, &len, &error)) > 0 && *size < OUT_MAX_BYTES) {
        fuzz_require(len > 0);
        *size += len;
        sha256_update(hash, data, len);
    }
    sha256_final(hash, digest);
    if (more < 0) {
        fuzz_require_error(&error);
        fuzz_require(error.kind == ERROR_ARCHIVE);
    }
    return more;
}

static void fuzz_decode(const struct fuzz_input *input, enum compression compression)
{
    struct digest whole, pieces;
    uint64_t whole_size, pieces_size;
    int result = decode(input, input->len, compression, &whole, &whole_size);
    int in_pieces = decode(input, 3, compression, &pieces, &pieces_size);

    if (result > 0 || in_pieces > 0) /* each has stopped somewhere else */
        return;
    fuzz_require(in_pieces == result);
    if (result == 0)
        fuzz_require(whole_size == pieces_size && digest_equal(&whole, &pieces));
}

static void fuzz_round_trip(const struct fuzz_input *input, enum compression compression)
{
    const struct codec *codec = codec_for(compression);
    cleanup_free uint8_t *out = xcalloc(codec->bound(input->len), 1);
    void *state = codec->state_new(codec->default_level);
    struct fuzz_input encoded = {out, codec->head_len};
    struct digest before, after;
    uint32_t checksum = 0;
    size_t len = 0;
    uint64_t size;

    if (codec->head_len)
        memcpy(out, codec->head, codec->head_len);
    fuzz_require(
        codec->encode(state, input->data, input->len, out + encoded.len, &len, &checksum) == 0);
    encoded.len += len;
    if (codec->tail)
        encoded.len += codec->tail(codec->checksum_append(0, checksum, input->len), input->len,
                                   out + encoded.len);
    fuzz_require(encoded.len <= codec->bound(input->len));
    codec->state_free(state);
    sha256_of(input->data, input->len, &before);
    fuzz_require(decode(&encoded, encoded.len, compression, &after, &size) == 0);
    fuzz_require(size == input->len && digest_equal(&before, &after));
}

static uint64_t little_endian(const uint8_t *bytes, int count)
{
    uint64_t value = 0;

    for (int i = count; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* Whether anything that looks like a frame (RFC 8878, section 3.1.1.1) asks for so much memory that
 * each run would take a second. What the decoder refuses is tried. */
static bool has_large_window(const struct fuzz_input *input)
{
    enum { MIB_LOG = 20, MAX_LOG = 27, HEADER_MAX_BYTES = 14 };

    for (size_t at = 0; at + HEADER_MAX_BYTES <= input->len; at++) {
        const uint8_t *header = input->data + at;
        bool is_single_segment = header[4] >> 5 & 1;
        int size_bytes = header[4] >> 6 ? 1 << (header[4] >> 6) : is_single_segment;
        int log = 10 + (header[5] >> 3);

        if (little_endian(header, 4) != 0xfd2fb528)
            continue;
        if (is_single_segment)
            for (log = 0; little_endian(header + 5, size_bytes) >> log > 1 && log < 63;)
                log++;
        if (log > MIB_LOG && log <= MAX_LOG)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data + 1, size - 1};

    if (size < 2 || input.len > ROUND_TRIP_MAX_BYTES)
        return 0;
    if (*data == 'z' && has_large_window(&input))
        return 0;
    codec_detect(input.data, input.len);
    switch (*data) {
    case 'g':
        fuzz_decode(&input, COMPRESSION_GZIP);
        break;
    case 'z':
        fuzz_decode(&input, COMPRESSION_ZSTD);
        break;
    case 'G':
        fuzz_round_trip(&input, COMPRESSION_GZIP);
        break;
    case 'Z':
        fuzz_round_trip(&input, COMPRESSION_ZSTD);
        break;
    }
    return 0;
}
