// SPDX-License-Identifier: Apache-2.0
#include "stream/input-source.h"

#include "base/memory.h"

enum { BLOCK_BYTES = 1 << 20 };

struct input_source {
    struct source source;
    struct input *input;
    const struct cancel *cancel;
    uint8_t *block; /* BLOCK_BYTES */
};

static int input_source_next(struct source *source, const void **data, size_t *len,
                             struct error *error)
{
    struct input_source *self = (struct input_source *)source;

    if (cancel_check(self->cancel, error) < 0 ||
        input_read(self->input, self->block, BLOCK_BYTES, len, error) < 0)
        return -1;
    *data = self->block;
    return *len > 0 ? 1 : input_check_unchanged(self->input, error);
}

static int input_source_seek(struct source *source, uint64_t offset, struct error *error)
{
    return input_seek(((struct input_source *)source)->input, offset, error);
}

static void input_source_free(struct source *source)
{
    struct input_source *self = (struct input_source *)source;

    input_free(self->input);
    free(self->block);
    free(self);
}

struct source *input_source_new(struct input *input, const struct cancel *cancel)
{
    static const struct source_ops ops = {.next = input_source_next,
                                          .seek = input_source_seek,
                                          .free = input_source_free};
    struct input_source *self = NEW(struct input_source);

    self->source.ops = &ops;
    self->input = input;
    self->cancel = cancel;
    self->block = xcalloc(BLOCK_BYTES, 1);
    return &self->source;
}
