// SPDX-License-Identifier: Apache-2.0
#include "stream/codec.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const struct codec none_codec = {
    .compression = COMPRESSION_NONE,
    .name = "none",
    .media_type = LAYER_TYPE_OCI,
    .docker_type = LAYER_TYPE_DOCKER,
    .suffixes = {".tar"},
};

static const struct codec *const codecs[COMPRESSION_COUNT] = {
    [COMPRESSION_NONE] = &none_codec,
    [COMPRESSION_GZIP] = &gzip_codec,
    [COMPRESSION_ZSTD] = &zstd_codec,
};

const struct codec *codec_for(enum compression compression)
{
    return codecs[compression];
}

const struct codec *codec_detect(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < COMPRESSION_COUNT; i++) {
        const struct codec *codec = codecs[i];

        if (codec->magic_len && len >= codec->magic_len &&
            memcmp(bytes, codec->magic, codec->magic_len) == 0)
            return codec;
    }
    return &none_codec;
}

/* Who undoes it: CRI-O and podman bzip2 and xz (containers/storage, pkg/archive/archive.go:158),
 * containerd zstd also behind a frame to be skipped (pkg/archive/compression/compression.go:156),
 * and GNU tar, which CRIU runs, all that gzip does (gzip.h: PACK_MAGIC and the next ones). */
const char *codec_unread(const uint8_t *bytes, size_t len)
{
    static const struct {
        const char *name;
        uint8_t magic[CODEC_MAGIC_MAX_LEN];
        size_t magic_len;
    } known[] = {
        {"bzip2", "BZh", 3},           {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
        {"zip", "PK\3\4", 4},          {"compress", {0x1f, 0x9d}, 2},
        {"pack", {0x1f, 0x1e}, 2},     {"LZH", {0x1f, 0xa0}, 2},
        {"old gzip", {0x1f, 0x9e}, 2}, {"LZ4", {0x04, 0x22, 0x4d, 0x18}, 4},
    };
    static const uint8_t skippable[] = {0x2a, 0x4d, 0x18}; /* RFC 8878, 3.1.2 */

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (len >= known[i].magic_len && memcmp(bytes, known[i].magic, known[i].magic_len) == 0)
            return known[i].name;
    if (len > sizeof skippable && (bytes[0] & 0xf0) == 0x50 &&
        memcmp(bytes + 1, skippable, sizeof skippable) == 0)
        return "zstd (a skippable frame)";
    return NULL;
}

const struct codec *codec_by_name(const char *name)
{
    for (size_t i = 0; i < COMPRESSION_COUNT; i++)
        if (strcmp(codecs[i]->name, name) == 0)
            return codecs[i];
    return NULL;
}

const struct codec *codec_by_media_type(const char *media_type)
{
    for (size_t i = 0; i < COMPRESSION_COUNT; i++)
        if (strcmp(codecs[i]->media_type, media_type) == 0 ||
            strcmp(codecs[i]->docker_type, media_type) == 0)
            return codecs[i];
    return NULL;
}

bool codec_names_tar(const char *file_name)
{
    for (size_t i = 0; i < COMPRESSION_COUNT; i++)
        for (size_t j = 0; j < CODEC_SUFFIXES_MAX && codecs[i]->suffixes[j]; j++)
            if (text_ends_with(file_name, codecs[i]->suffixes[j]))
                return true;
    return false;
}

enum { OUT_CAPACITY = 256 << 10 };

struct decoder {
    const struct codec *codec;
    void *state; /* the codec's */
    bool inside; /* a member or frame that has begun and not ended */
    bool begun;  /* a first byte has been seen */
};

struct decoder *decoder_new(enum compression compression)
{
    struct decoder *decoder = NEW(struct decoder);

    decoder->codec = codec_for(compression);
    decoder->state = decoder->codec->decoding_new();
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    decoder->codec->decoding_free(decoder->state);
    free(decoder);
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
        if (decoder->codec->decode(decoder->state, &decoder->inside, in, in_len, out, capacity,
                                   out_len, error) < 0)
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
                     decoder->codec->name);
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
