// SPDX-License-Identifier: Apache-2.0
#include "stream/codec.h"

#include "stream/codec-gzip.h"
#include "stream/codec-zstd.h"

static const struct codec none_codec = {.name = "none"};

const struct codec *codec_for(enum compression compression)
{
    switch (compression) {
    case COMPRESSION_GZIP:
        return &gzip_codec;
    case COMPRESSION_ZSTD:
        return &zstd_codec;
    case COMPRESSION_NONE:
        break;
    }
    return &none_codec;
}
