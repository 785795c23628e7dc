// SPDX-License-Identifier: Apache-2.0
/*
 * The encoded layer for one destination. It begins as a tap of the pipeline; once it has been told
 * to go back, it leaves the pipeline and makes the bytes again by itself, from the archive, from
 * the block that holds the offset to the end. The other taps do not notice.
 *
 * An archive that comes through a pipe cannot be read again. The last bytes that were given are
 * kept instead, in a window of fixed size, and going back is possible as far as it reaches. One
 * thread.
 */
#ifndef CKPTOCI_STREAM_LAYER_SOURCE_H
#define CKPTOCI_STREAM_LAYER_SOURCE_H

#include "stream/pipeline.h"

/* Before pipeline_start(). The pipeline must outlive the source. source_seek() takes any offset up
 * to what has been given so far, of a pipe's only what is in the last `window_bytes` of that. */
struct source *layer_source_new(struct pipeline *pipeline, size_t window_bytes);

/* The last bytes of a stream. Memory is taken as it is filled, up to the capacity. */
struct window {
    uint8_t *bytes; /* a ring: byte n of the stream is at n % capacity */
    size_t capacity;
    uint64_t end; /* bytes of the stream that have passed */
};

void window_init(struct window *window, size_t capacity);
void window_done(struct window *window);
/* The next `len` bytes of the stream. */
void window_append(struct window *window, const void *data, size_t len);
/* The first byte that is still there. */
uint64_t window_begin(const struct window *window);
/* The bytes from `offset` on, as many as lie in one piece: *data, and their number, 0 at the end.
 * `offset` is from window_begin() to window->end. Good until the next append. */
size_t window_at(const struct window *window, uint64_t offset, const void **data);

#endif
