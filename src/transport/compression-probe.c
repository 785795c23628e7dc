// SPDX-License-Identifier: Apache-2.0
#include "transport/compression-probe.h"

#include <string.h>

#include "base/memory.h"
#include "stream/codec.h"

struct probed_source {
    struct source source;
    struct source *inner;
    uint8_t *head; /* what has been taken from inner; NULL once it was given */
    size_t head_len;
    uint8_t *given; /* the head again, for as long as the caller may look at it */
};

static int probed_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct probed_source *self = (struct probed_source *)source;

    if (!self->head || self->head_len == 0)
        return source_next(self->inner, data, len, error);
    self->given = steal(self->head);
    *data = self->given;
    *len = self->head_len;
    return 1;
}

static void probed_free(struct source *source)
{
    struct probed_source *self = (struct probed_source *)source;

    source_free(self->inner);
    free(self->head);
    free(self->given);
    free(self);
}

/* Blocks until the magic number is complete or the source has ended. */
static int take_head(struct probed_source *self, struct error *error)
{
    const void *data;
    size_t len;
    int more = 1;

    while (self->head_len < CODEC_MAGIC_MAX_LEN &&
           (more = source_next(self->inner, &data, &len, error)) > 0) {
        self->head = xreallocarray(self->head, self->head_len + len, 1);
        memcpy(self->head + self->head_len, data, len);
        self->head_len += len;
    }
    return more < 0 ? -1 : 0;
}

int compression_probe(struct source *inner, enum compression *found, struct source **whole,
                      struct error *error)
{
    static const struct source_ops ops = {.next = probed_next, .free = probed_free};
    struct probed_source *self = NEW(struct probed_source);
    cleanup(source_freep) struct source *source = &self->source;

    self->source.ops = &ops;
    self->inner = inner;
    if (take_head(self, error))
        return -1;
    *found = codec_detect(self->head, self->head_len)->compression;
    *whole = steal(source);
    return 0;
}
