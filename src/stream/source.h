// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes that are pulled, a block at a time. Sources wrap sources: decode, hash, replay. A source
 * belongs to one thread; source_free() also frees what it wraps.
 */
#ifndef CKPTOCI_STREAM_SOURCE_H
#define CKPTOCI_STREAM_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct source {
    const struct source_ops *ops;
};

struct source_ops {
    int (*next)(struct source *source, const void **data, size_t *len, struct error *error);
    int (*seek)(struct source *source, uint64_t offset, struct error *error); /* or NULL */
    void (*free)(struct source *source);
};

/*
 * The next bytes, in order. 1: *data points to *len > 0 bytes that stay valid until the next call;
 * 0: the end; -1: *error says why there are no more.
 */
static inline int source_next(struct source *source, const void **data, size_t *len,
                              struct error *error)
{
    return source->ops->next(source, data, len, error);
}

/* Makes byte `offset` the one that source_next() gives first. Any offset up to the highest one
 * already given is possible, further ones where the source says so. -1: this source cannot be read
 * again, *error says why. */
static inline int source_seek(struct source *source, uint64_t offset, struct error *error)
{
    if (!source->ops->seek)
        return error_set(error, ERROR_FAILED, "this stream cannot be read a second time");
    return source->ops->seek(source, offset, error);
}

static inline void source_free(struct source *source)
{
    if (source)
        source->ops->free(source);
}
DEFINE_CLEANUP(struct source *, source_free);

#endif
