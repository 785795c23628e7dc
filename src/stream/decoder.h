// SPDX-License-Identifier: Apache-2.0
/* Decompression of any number of members or frames, one behind the other. One thread. */
#ifndef CKPTOCI_STREAM_DECODER_H
#define CKPTOCI_STREAM_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/codec.h"
#include "stream/source.h"

struct decoder;

/* `compression` is any but COMPRESSION_NONE. */
struct decoder *decoder_new(enum compression compression);
void decoder_free(struct decoder *decoder);
DEFINE_CLEANUP(struct decoder *, decoder_free);

/*
 * Decompresses from *in (advanced, *in_len lowered) into out; *out_len gets the bytes written, at
 * most `capacity`. Zero written means that more input is needed. -1: ERROR_ARCHIVE, damaged data.
 */
int decoder_run(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out,
                size_t capacity, size_t *out_len, struct error *error);
/* To be asked when the input has ended: -1, ERROR_ARCHIVE, where it ended too early. */
int decoder_finish(const struct decoder *decoder, struct error *error);

/* The decompressed bytes of `compressed`, which the new source owns. */
struct source *decoding_source_new(struct source *compressed, enum compression compression);

#endif
