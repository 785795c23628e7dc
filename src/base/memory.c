// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *pointer)
{
    if (!pointer) {
        fputs("ckptoci: out of memory\n", stderr);
        abort();
    }
    return pointer;
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *pointer, size_t count, size_t size)
{
    return checked(reallocarray(pointer, count ? count : 1, size ? size : 1));
}

void *xgrow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 16;
    return xreallocarray(array, *capacity, size);
}

char *xstrdup(const char *text)
{
    return checked(strdup(text));
}

char *xstrndup(const char *text, size_t len)
{
    return checked(strndup(text, len));
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    return text;
}

char *xvasprintf(const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    return checked(text);
}

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
