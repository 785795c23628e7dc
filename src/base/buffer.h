// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes of a length that is not known beforehand, up to a maximum that is: whatever fills it comes
 * from outside. Embedded in its owner; always NUL-terminated behind `len`.
 */
#ifndef CKPTOCI_BASE_BUFFER_H
#define CKPTOCI_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data; /* never NULL after the first append */
    size_t len;
    size_t capacity;
    size_t max; /* bytes; an append beyond it is refused */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_done(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);
/* 0, or -1 when the maximum would be passed; the buffer is then unchanged. */
int buffer_append(struct buffer *buffer, const void *data, size_t len);

#endif
