// SPDX-License-Identifier: Apache-2.0
/*
 * Memory and who owns it. Allocation does not fail: without memory the program ends. A local marked
 * `cleanup(free_fn)` is released by the compiler when it goes out of scope, on every path; steal()
 * hands it over instead.
 */
#ifndef CKPTOCI_BASE_MEMORY_H
#define CKPTOCI_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* The results go to free(). */
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *pointer, size_t count, size_t size);
/* Room for one more element of `size` bytes behind the `count` that the array holds; the capacity
 * doubles when it is used up. The result takes the place of `array`. */
void *xgrow(void *array, size_t count, size_t *capacity, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#define NEW(type) ((type *)xcalloc(1, sizeof(type)))

#define cleanup(fn) __attribute__((cleanup(fn)))

/* Defines free_fn##p(), the form __attribute__((cleanup)) wants, for a pointer-typed local. */
#define DEFINE_CLEANUP(type, free_fn)           \
    static inline void free_fn##p(type *object) \
    {                                           \
        if (*object)                            \
            free_fn(*object);                   \
    }                                           \
    struct ckptoci_swallow_semicolon

/* Gives the value of a pointer variable away and leaves NULL behind. */
#define steal(pointer)                                 \
    ({                                                 \
        __typeof__(pointer) *steal_from_ = &(pointer); \
        __typeof__(pointer) stolen_ = *steal_from_;    \
        *steal_from_ = NULL;                           \
        stolen_;                                       \
    })

static inline void freep(void *pointer)
{
    free(*(void **)pointer);
}

static inline void closep(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define cleanup_free cleanup(freep)
#define cleanup_close cleanup(closep)

/*
 * Bytes of a length that is not known beforehand, up to a maximum that is: whatever fills it comes
 * from outside. Embedded in its owner; always NUL-terminated behind `len`.
 */
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
