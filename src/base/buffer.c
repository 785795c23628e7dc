// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void buffer_init(struct buffer *buffer, size_t max)
{
    *buffer = (struct buffer){.max = max};
}

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

int buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    if (len > buffer->max - buffer->len)
        return -1;
    if (!buffer->data || buffer->len + len + 1 > buffer->capacity) {
        size_t capacity = (buffer->len + len + 1) * 2;

        buffer->data = xreallocarray(buffer->data, capacity, 1);
        buffer->capacity = capacity;
    }
    if (len)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
    return 0;
}
