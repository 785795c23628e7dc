// SPDX-License-Identifier: Apache-2.0
/* Zstandard (RFC 8878): a frame of its own for each block. */
#ifndef CKPTOCI_STREAM_CODEC_ZSTD_H
#define CKPTOCI_STREAM_CODEC_ZSTD_H

#include "stream/codec.h"

extern const struct codec zstd_codec;

#endif
