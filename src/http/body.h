// SPDX-License-Identifier: Apache-2.0
/*
 * A layer on its way into a request: a source that is read in pieces of another size, counted, and
 * started again where a request has to be. On the stack of the upload; knows nothing of HTTP.
 */
#ifndef CKPTOCI_HTTP_BODY_H
#define CKPTOCI_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/progress.h"
#include "stream/source.h"

struct body {
    struct source *source; /* borrowed; stands at `offset` */
    int64_t offset;        /* in the layer, of the body's first byte */
    int64_t size;          /* bytes of the body; -1: only the end will tell */
    struct progress *progress;
    int64_t *counted;         /* bytes of the layer that the progress has counted; not the body's */
    struct rate_limit *limit; /* that body_read() keeps; NULL: none */
    const char *block;        /* what is left of the source's last block */
    size_t block_len;
    int64_t taken; /* bytes given out */
    bool at_end;
    struct error error; /* why there are no more bytes; ERROR_NONE while there is no reason */
    bool source_failed; /* error is the source's own */
};

/* Without a limit. *counted is borrowed, and 0 before the layer's first body. */
void body_init(struct body *body, struct source *source, int64_t offset, int64_t size,
               struct progress *progress, int64_t *counted);

/* Up to `capacity` bytes; 0: the end; -1: body->error says why. A source that gives more or fewer
 * bytes than `size` is an error. */
ssize_t body_read(struct body *body, void *to, size_t capacity);
/* Everything has been given out. */
bool body_is_spent(const struct body *body);
/* Starts again from the body's first byte. -1: bytes are gone and the source cannot give them
 * again; the body is then as it was. */
int body_rewind(struct body *body, struct error *error);
/* After the response: whether all bytes were sent. Also hears the source's last word, which a known
 * size leaves unread. -1: body->error. */
int body_finish(struct body *body);

#endif
