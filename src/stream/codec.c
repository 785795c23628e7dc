// SPDX-License-Identifier: Apache-2.0
#include "stream/codec.h"

#include <string.h>

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

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool codec_names_tar(const char *file_name)
{
    for (size_t i = 0; i < COMPRESSION_COUNT; i++)
        for (size_t j = 0; j < CODEC_SUFFIXES_MAX && codecs[i]->suffixes[j]; j++)
            if (ends_with(file_name, codecs[i]->suffixes[j]))
                return true;
    return false;
}
