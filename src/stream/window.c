// SPDX-License-Identifier: Apache-2.0
#include "stream/window.h"

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
