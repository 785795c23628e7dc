// SPDX-License-Identifier: Apache-2.0
#include "stream/layer-source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void window_init(struct window *window, size_t capacity)
{
    *window = (struct window){.capacity = capacity};
    if (capacity)
        window->bytes = xcalloc(capacity, 1); /* the system gives pages only as they are touched */
}

void window_done(struct window *window)
{
    free(window->bytes);
    *window = (struct window){0};
}

void window_append(struct window *window, const void *data, size_t len)
{
    const uint8_t *from = data;

    window->end += len;
    if (len > window->capacity) {
        from += len - window->capacity;
        len = window->capacity;
    }
    while (len > 0) {
        size_t at = (size_t)((window->end - len) % window->capacity);
        size_t piece = len < window->capacity - at ? len : window->capacity - at;

        memcpy(window->bytes + at, from, piece);
        from += piece;
        len -= piece;
    }
}

uint64_t window_begin(const struct window *window)
{
    return window->end > window->capacity ? window->end - window->capacity : 0;
}

size_t window_at(const struct window *window, uint64_t offset, const void **data)
{
    uint64_t len = window->end - offset;
    size_t at;

    if (len == 0)
        return 0;
    at = (size_t)(offset % window->capacity);
    *data = window->bytes + at;
    return len < window->capacity - at ? (size_t)len : window->capacity - at;
}

struct layer_source {
    struct source source;
    struct pipeline *pipeline;
    struct source *tap; /* NULL since the first seek; stays where the archive is a pipe */

    bool from_pipe;
    struct window window; /* of what the tap gave, if from_pipe */
    uint64_t position;    /* next byte to give, if from_pipe */

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
        if (codec->ladder)
            codec->state_set_level(self->state, pipeline_level(self->pipeline, self->place.block));
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

/* What was given before, as far as it is asked for again, and then the tap's next block. */
static int next_of_pipe(struct layer_source *self, const void **data, size_t *len,
                        struct error *error)
{
    int more = 1;

    *len = 0;
    if (self->position < self->window.end)
        *len = window_at(&self->window, self->position, data);
    if (*len == 0) {
        more = source_next(self->tap, data, len, error);
        if (more > 0)
            window_append(&self->window, *data, *len);
    }
    if (more > 0)
        self->position += *len;
    return more;
}

static int seek_in_pipe(struct layer_source *self, uint64_t offset, struct error *error)
{
    uint64_t begin = window_begin(&self->window);

    if (offset >= begin) {
        self->position = offset;
        return 0;
    }
    error_set(error, ERROR_FAILED,
              "the archive comes from standard input and cannot be read again: bytes from %llu on "
              "are needed and those before %llu are gone",
              (unsigned long long)offset, (unsigned long long)begin);
    return error_advice(error, "give the archive as a file, or keep more of it with --window SIZE");
}

static int layer_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct layer_source *self = (struct layer_source *)source;

    if (self->from_pipe)
        return next_of_pipe(self, data, len, error);
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

    if (self->from_pipe)
        return seek_in_pipe(self, offset, error);
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
    window_done(&self->window);
    input_free(self->again);
    if (self->state)
        codec_of(self)->state_free(self->state);
    if (self->out != self->in)
        free(self->out);
    free(self->in);
    free(self);
}

struct source *layer_source_new(struct pipeline *pipeline, size_t window_bytes)
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
    self->from_pipe = input_size(pipeline_get_options(pipeline)->input) < 0;
    if (self->from_pipe)
        window_init(&self->window, window_bytes);
    return &self->source;
}
