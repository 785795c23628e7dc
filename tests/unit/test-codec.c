// SPDX-License-Identifier: Apache-2.0
/* Codecs and decoders: what one wrote the other reads, and damage is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/memory.h"
#include "stream/codec.h"

enum { BLOCK = 1 << 20 };

static const enum compression compressions[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};

static uint32_t random_state = 1;

static uint8_t random_byte(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint8_t)(random_state >> 24);
}

/* Bytes like memory: a third each of zeros, text and noise. */
static uint8_t *make_bytes(size_t len)
{
    uint8_t *bytes = xcalloc(len, 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = i % 3000 < 1000 ? 0 : i % 3000 < 2000 ? "checkpoint "[i % 11] : random_byte();
    return bytes;
}

static uint8_t *make_noise(size_t len)
{
    uint8_t *bytes = xcalloc(len, 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = random_byte();
    return bytes;
}

/* The whole stream for one block, as the pipeline would put it together. */
static size_t encode_stream(const struct codec *codec, int level, const uint8_t *in, size_t len,
                            uint8_t **out)
{
    void *state = codec->state_new(level);
    size_t out_len = codec->head_len, block_len = 0;
    uint32_t checksum = 0;

    *out = xcalloc(codec->bound(len), 1);
    if (codec->head_len)
        memcpy(*out, codec->head, codec->head_len);
    assert_int_equal(codec->encode(state, in, len, *out + out_len, &block_len, &checksum), 0);
    out_len += block_len;
    if (codec->tail)
        out_len += codec->tail(codec->checksum_append(0, checksum, len), len, *out + out_len);
    assert_true(out_len <= codec->bound(len));
    codec->state_free(state);
    return out_len;
}

/* Decodes in input pieces of `piece` bytes; returns the number of bytes, -1 for damage. */
static long decode_stream(enum compression compression, const uint8_t *in, size_t in_len,
                          size_t piece, uint8_t *out, size_t capacity, struct error *error)
{
    cleanup(decoder_freep) struct decoder *decoder = decoder_new(compression);
    size_t have = 0, n;

    while (in_len > 0) {
        size_t left = piece < in_len ? piece : in_len;

        in_len -= left;
        do {
            if (decoder_run(decoder, &in, &left, out + have, capacity - have, &n, error) < 0)
                return -1;
            have += n;
        } while (left > 0 || n > 0);
    }
    return decoder_finish(decoder, error) < 0 ? -1 : (long)have;
}

static void assert_round_trip(enum compression compression, int level, const uint8_t *bytes,
                              size_t len)
{
    cleanup_free uint8_t *encoded = NULL, *decoded = xcalloc(len + 1, 1);
    size_t encoded_len = encode_stream(codec_for(compression), level, bytes, len, &encoded);
    struct error error = {0};

    assert_int_equal(codec_detect(encoded, encoded_len)->compression, compression);
    assert_int_equal(decode_stream(compression, encoded, encoded_len, 1000, decoded, len + 1,
                                   &error),
                     len);
    assert_memory_equal(decoded, bytes, len);
}

static void test_every_level_round_trips(void **state)
{
    cleanup_free uint8_t *bytes = make_bytes(BLOCK);

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct codec *codec = codec_for(compressions[i]);
        int max = codec->max_level < 9 ? codec->max_level : 9;

        for (int level = codec->min_level; level <= max; level++)
            assert_round_trip(compressions[i], level, bytes, BLOCK);
    }
}

static void test_noise_fits_the_bound(void **state)
{
    cleanup_free uint8_t *noise = make_noise(BLOCK);

    (void)state;
    for (int i = 0; i < 2; i++)
        for (size_t len = 1; len <= BLOCK; len = len * 3 + 1)
            assert_round_trip(compressions[i], 1, noise, len);
}

static void test_memory_shrinks(void **state)
{
    cleanup_free uint8_t *bytes = make_bytes(BLOCK);

    (void)state;
    for (int i = 0; i < 2; i++) {
        cleanup_free uint8_t *encoded = NULL;

        assert_true(encode_stream(codec_for(compressions[i]), 1, bytes, BLOCK, &encoded) <
                    BLOCK / 2);
    }
}

static void test_several_members_are_one_stream(void **state)
{
    cleanup_free uint8_t *bytes = make_bytes(5000), *decoded = xcalloc(20000, 1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        cleanup_free uint8_t *one = NULL, *two = NULL;
        size_t len = encode_stream(codec_for(compressions[i]), 1, bytes, 5000, &one);
        struct error error = {0};

        two = xcalloc(2 * len, 1);
        memcpy(two, one, len);
        memcpy(two + len, one, len);
        assert_int_equal(decode_stream(compressions[i], two, 2 * len, 7, decoded, 20000, &error),
                         10000);
        assert_memory_equal(decoded + 5000, bytes, 5000);
    }
}

/* Of RFC 1952: extra field, name, comment and the header's own checksum, which few writers use. */
static void test_a_whole_gzip_header(void **state)
{
    static const uint8_t header[] = {0x1f, 0x8b, 8,   0x1e, 1,   2,   3,   4,   0,   3,
                                     4,    0,    'a', 'b',  0,   0,   'n', 'a', 'm', 'e',
                                     0,    'c',  'o', 'm',  'm', 'e', 'n', 't', 0};
    enum { PLAIN_HEADER_LEN = 10, LEN = 5000 };
    cleanup_free uint8_t *bytes = make_bytes(LEN), *decoded = xcalloc(2 * LEN, 1);
    cleanup_free uint8_t *plain = NULL, *whole = NULL;
    size_t plain_len = encode_stream(codec_for(COMPRESSION_GZIP), 1, bytes, LEN, &plain);
    size_t len = sizeof header + 2 + plain_len - PLAIN_HEADER_LEN;
    uint32_t crc = (uint32_t)crc32(0, header, sizeof header);
    struct error error = {0};

    (void)state;
    whole = xcalloc(len, 1);
    memcpy(whole, header, sizeof header);
    whole[sizeof header] = (uint8_t)crc;
    whole[sizeof header + 1] = (uint8_t)(crc >> 8);
    memcpy(whole + sizeof header + 2, plain + PLAIN_HEADER_LEN, plain_len - PLAIN_HEADER_LEN);
    for (size_t piece = 1; piece <= sizeof header + 3; piece++) {
        assert_int_equal(decode_stream(COMPRESSION_GZIP, whole, len, piece, decoded, 2 * LEN,
                                       &error),
                         LEN);
        assert_memory_equal(decoded, bytes, LEN);
    }
    plain[3] |= 0x20; /* a reserved flag */
    assert_int_equal(decode_stream(COMPRESSION_GZIP, plain, plain_len, 7, decoded, 2 * LEN, &error),
                     -1);
    whole[sizeof header] ^= 1;
    assert_int_equal(decode_stream(COMPRESSION_GZIP, whole, len, len, decoded, 2 * LEN, &error),
                     -1);
}

static void test_every_truncation_is_seen(void **state)
{
    cleanup_free uint8_t *bytes = make_bytes(3000), *decoded = xcalloc(4000, 1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        cleanup_free uint8_t *encoded = NULL;
        size_t len = encode_stream(codec_for(compressions[i]), 1, bytes, 3000, &encoded);

        for (size_t cut = 1; cut < len; cut++) {
            struct error error = {0};

            assert_int_equal(decode_stream(compressions[i], encoded, cut, cut, decoded, 4000,
                                           &error),
                             -1);
            assert_int_equal(error.kind, ERROR_ARCHIVE);
        }
    }
}

static void test_damage_is_seen(void **state)
{
    cleanup_free uint8_t *bytes = make_bytes(3000), *decoded = xcalloc(4000, 1);
    cleanup_free uint8_t *encoded = NULL;
    size_t len = encode_stream(codec_for(COMPRESSION_GZIP), 1, bytes, 3000, &encoded);
    struct error error = {0};

    (void)state;
    encoded[len - 6] ^= 1; /* in the CRC-32 */
    assert_int_equal(decode_stream(COMPRESSION_GZIP, encoded, len, len, decoded, 4000, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
}

static void test_garbage_behind_the_end_is_seen(void **state)
{
    cleanup_free uint8_t *bytes = make_bytes(3000), *decoded = xcalloc(4000, 1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        cleanup_free uint8_t *encoded = NULL, *longer = NULL;
        size_t len = encode_stream(codec_for(compressions[i]), 1, bytes, 3000, &encoded);
        struct error error = {0};

        longer = xcalloc(len + 16, 1);
        memcpy(longer, encoded, len);
        memset(longer + len, 'x', 16);
        assert_int_equal(decode_stream(compressions[i], longer, len + 16, len + 16, decoded, 4000,
                                       &error),
                         -1);
        assert_int_equal(error.kind, ERROR_ARCHIVE);
    }
}

/* libzstd may read its formats from before RFC 8878, others do not; however the bytes come. */
static void test_zstd_before_the_standard_is_refused(void **state)
{
    static const uint8_t old[] = {0x25, 0xb5, 0x2f, 0xfd, 0, 0xf0, 0x21, 0xff};
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'};
    cleanup_free uint8_t *bytes = make_bytes(1000), *encoded = NULL;
    size_t len = encode_stream(codec_for(COMPRESSION_ZSTD), 1, bytes, 1000, &encoded);
    cleanup_free uint8_t *both = xcalloc(len + sizeof skippable + sizeof old, 1);
    uint8_t out[2000];
    struct error error;

    (void)state;
    memcpy(both, encoded, len);
    memcpy(both + len, skippable, sizeof skippable);
    memcpy(both + len + sizeof skippable, old, sizeof old);
    for (size_t piece = 1; piece < len + sizeof skippable + sizeof old; piece++) {
        assert_int_equal(decode_stream(COMPRESSION_ZSTD, both, len + sizeof skippable, piece, out,
                                       sizeof out, &error),
                         1000);
        assert_int_equal(decode_stream(COMPRESSION_ZSTD, both, len + sizeof skippable + sizeof old,
                                       piece, out, sizeof out, &error),
                         -1);
        assert_int_equal(error.kind, ERROR_ARCHIVE);
    }
}

static void test_detection_goes_by_content(void **state)
{
    static const uint8_t gzip[] = {0x1f, 0x8b, 8, 0}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};

    (void)state;
    assert_int_equal(codec_detect(gzip, 4)->compression, COMPRESSION_GZIP);
    assert_int_equal(codec_detect(zstd, 4)->compression, COMPRESSION_ZSTD);
    assert_int_equal(codec_detect(zstd, 3)->compression, COMPRESSION_NONE);
    assert_int_equal(codec_detect((const uint8_t *)"spec", 4)->compression, COMPRESSION_NONE);
    assert_int_equal(codec_detect((const uint8_t *)"", 0)->compression, COMPRESSION_NONE);
}

/* What others would decompress, by their magic numbers. */
static void test_what_is_not_read_is_known(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *name;
    } rows[] = {
        {"BZh91AY", 7, "bzip2"},
        {"BZ", 2, NULL},
        {"BZ.txt", 6, NULL},
        {"\xfd"
         "7zXZ\0",
         6, "xz"},
        {"\xfd"
         "7zXZ",
         5, NULL},
        {"PK\3\4", 4, "zip"},
        {"PKBUILD", 7, NULL},
        {"\x1f\x9d\x90", 3, "compress"},
        {"\x1f\x1e", 2, "pack"},
        {"\x1f\xa0", 2, "LZH"},
        {"\x1f\x9e", 2, "old gzip"},
        {"\x04\x22\x4d\x18", 4, "LZ4"},
        {"\x50\x2a\x4d\x18", 4, "zstd (a skippable frame)"},
        {"\x5f\x2a\x4d\x18", 4, "zstd (a skippable frame)"},
        {"\x60\x2a\x4d\x18", 4, NULL},
        {"spec.dump", 9, NULL},
        {"", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *name = codec_unread((const uint8_t *)rows[i].bytes, rows[i].len);

        if (!name != !rows[i].name || (name && strcmp(name, rows[i].name) != 0))
            fail_msg("row %zu: %s", i, name ? name : "none");
    }
}

static void test_a_codec_is_found_by_what_is_its_own(void **state)
{
    (void)state;
    for (enum compression i = COMPRESSION_NONE; i < COMPRESSION_COUNT; i++) {
        const struct codec *codec = codec_for(i);

        assert_int_equal(codec->compression, i);
        assert_ptr_equal(codec_by_name(codec->name), codec);
        assert_ptr_equal(codec_by_media_type(codec->media_type), codec);
        assert_ptr_equal(codec_by_media_type(codec->docker_type), codec);
        assert_ptr_equal(codec_detect(codec->magic, codec->magic_len), codec);
        assert_true(codec_names_tar(codec->suffixes[0]));
        assert_non_null(strstr(CODEC_NAMES, codec->name));
        assert_true(!codec->alternative || codec_by_name(codec->alternative));
    }
    assert_null(codec_by_name(""));
    assert_null(codec_by_name("xz"));
    assert_null(codec_by_media_type(LAYER_TYPE_OCI "+xz"));
    assert_null(codec_by_media_type(LAYER_TYPE_OCI "+gzip2"));
}

static void test_names_of_tars(void **state)
{
    (void)state;
    assert_true(codec_names_tar("a.tar"));
    assert_true(codec_names_tar("a.tar.gz"));
    assert_true(codec_names_tar("a.tgz"));
    assert_true(codec_names_tar("a.tar.zst"));
    assert_true(codec_names_tar("a.tzst"));
    assert_false(codec_names_tar("a.tar.xz"));
    assert_false(codec_names_tar("tar"));
    assert_false(codec_names_tar("a.tar.gz.part"));
    assert_false(codec_names_tar(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_level_round_trips),
        cmocka_unit_test(test_noise_fits_the_bound),
        cmocka_unit_test(test_memory_shrinks),
        cmocka_unit_test(test_several_members_are_one_stream),
        cmocka_unit_test(test_a_whole_gzip_header),
        cmocka_unit_test(test_every_truncation_is_seen),
        cmocka_unit_test(test_damage_is_seen),
        cmocka_unit_test(test_garbage_behind_the_end_is_seen),
        cmocka_unit_test(test_zstd_before_the_standard_is_refused),
        cmocka_unit_test(test_detection_goes_by_content),
        cmocka_unit_test(test_what_is_not_read_is_known),
        cmocka_unit_test(test_a_codec_is_found_by_what_is_its_own),
        cmocka_unit_test(test_names_of_tars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
