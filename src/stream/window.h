// SPDX-License-Identifier: Apache-2.0
/*
 * The last bytes of a stream, so that its reader can go back a little. Embedded in its owner, of
 * one thread. Memory is taken as it is filled, up to the capacity.
 */
#ifndef CKPTOCI_STREAM_WINDOW_H
#define CKPTOCI_STREAM_WINDOW_H

#include <stddef.h>
#include <stdint.h>

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
