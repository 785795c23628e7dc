// SPDX-License-Identifier: Apache-2.0
#include "stream/layer-source.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

struct layer_source {
    struct source source;
    struct pipeline *pipeline;
    struct source *tap; /* NULL since the first seek */

    struct input *again;      /* the archive, read a second time */
    void *state;              /* codec's */
    uint8_t *in, *out;        /* one block; the same memory where the codec does not encode */
    struct block_place place; /* of the next block to make */
    uint64_t raw_total;       /* bytes of the archive before it */
    size_t skip;              /* bytes from its beginning on that were not asked for */
    bool ended;
};

static const struct codec *codec_of(const struct layer_source *self)
{
    return pipeline_get_options(self->pipeline)->codec;
}

/* Makes the block at self->place again; *len bytes of it in self->out. */
static int encode_again(struct layer_source *self, size_t *len, struct error *error)
{
    const struct codec *codec = codec_of(self);
    size_t in_len, out_len = 0;
    uint32_t checksum = 0;

    if (input_read(self->again, self->in, PIPELINE_BLOCK_SIZE, &in_len, error) < 0)
        return -1;
    if (!codec->encode) {
        *len = in_len;
    } else {
        *len = self->place.block == 0 ? codec->head_len : 0;
        if (*len)
            memcpy(self->out, codec->head, *len);
        if (in_len > 0 &&
            codec->encode(self->state, self->in, in_len, self->out + *len, &out_len, &checksum) < 0)
            return error_set(error, ERROR_FAILED, "compress: the %s library failed", codec->name);
        *len += out_len;
    }
    self->raw_total += in_len;
    if (codec->checksum_append)
        self->place.checksum = codec->checksum_append(self->place.checksum, checksum, in_len);
    if (in_len == 0) {
        self->ended = true;
        if (codec->tail)
            *len += codec->tail(self->place.checksum, self->raw_total, self->out + *len);
        return input_check_unchanged(self->again, error);
    }
    self->place.block++;
    return 0;
}

static int layer_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct layer_source *self = (struct layer_source *)source;

    if (self->tap)
        return source_next(self->tap, data, len, error);
    while (!self->ended) {
        size_t made, skip;

        if (cancel_check(pipeline_get_options(self->pipeline)->cancel, error) < 0 ||
            encode_again(self, &made, error) < 0)
            return -1;
        skip = self->skip < made ? self->skip : made;
        self->skip -= skip;
        *data = self->out + skip;
        *len = made - skip;
        if (*len > 0)
            return 1;
    }
    return 0;
}

static int layer_seek(struct source *source, uint64_t offset, struct error *error)
{
    struct layer_source *self = (struct layer_source *)source;
    const struct pipeline_options *options = pipeline_get_options(self->pipeline);
    struct block_place place = pipeline_locate(self->pipeline, offset);
    struct input *again;

    if (input_reopen(options->input, place.block * PIPELINE_BLOCK_SIZE, &again, error) < 0)
        return -1;
    input_free(self->again);
    self->again = again;
    source_free(self->tap);
    self->tap = NULL;
    if (!self->in) {
        self->in = xcalloc(PIPELINE_BLOCK_SIZE, 1);
        self->out = self->in;
        if (options->codec->encode) {
            self->out = xcalloc(options->codec->bound(PIPELINE_BLOCK_SIZE), 1);
            self->state = options->codec->state_new(options->level);
        }
    }
    self->place = place;
    self->raw_total = place.block * PIPELINE_BLOCK_SIZE;
    self->skip = (size_t)(offset - place.offset);
    self->ended = false;
    return 0;
}

static void layer_free(struct source *source)
{
    struct layer_source *self = (struct layer_source *)source;

    source_free(self->tap);
    input_free(self->again);
    if (self->state)
        codec_of(self)->state_free(self->state);
    if (self->out != self->in)
        free(self->out);
    free(self->in);
    free(self);
}

struct source *layer_source_new(struct pipeline *pipeline)
{
    static const struct source_ops ops = {
        .next = layer_next,
        .seek = layer_seek,
        .free = layer_free,
    };
    struct layer_source *self = NEW(struct layer_source);

    self->source.ops = &ops;
    self->pipeline = pipeline;
    self->tap = pipeline_encoded_tap(pipeline);
    return &self->source;
}
