// SPDX-License-Identifier: Apache-2.0
#include "task/compression-guard.h"

#include <string.h>

#include "base/memory.h"
#include "stream/decoder.h"

struct compression_guard {
    struct source source;
    struct source *inner;
    enum compression compression;
    uint8_t magic[CODEC_MAGIC_MAX_LEN];
    size_t magic_len;
    bool checked;
};

static int check(struct compression_guard *self, struct error *error)
{
    enum compression found = codec_detect(self->magic, self->magic_len)->compression;

    self->checked = true;
    if (found == self->compression)
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "the layer is said to be of compression \"%s\", and its bytes are \"%s\"",
                     codec_for(self->compression)->name, codec_for(found)->name);
}

static int guard_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct compression_guard *self = (struct compression_guard *)source;
    int more = source_next(self->inner, data, len, error);
    size_t room = sizeof self->magic - self->magic_len;

    if (more < 0)
        return -1;
    if (more > 0 && room > 0) {
        size_t part = *len < room ? *len : room;

        memcpy(self->magic + self->magic_len, *data, part);
        self->magic_len += part;
    }
    if (!self->checked && (more == 0 || self->magic_len == sizeof self->magic) &&
        check(self, error))
        return -1;
    return more;
}

static void guard_free(struct source *source)
{
    struct compression_guard *self = (struct compression_guard *)source;

    source_free(self->inner);
    free(self);
}

struct source *compression_guard_new(struct source *inner, enum compression compression)
{
    static const struct source_ops ops = {.next = guard_next, .free = guard_free};
    struct compression_guard *self = NEW(struct compression_guard);

    self->source.ops = &ops;
    self->inner = inner;
    self->compression = compression;
    return &self->source;
}
