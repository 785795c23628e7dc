// SPDX-License-Identifier: Apache-2.0
/*
 * Ownership that the compiler enforces: a local marked `cleanup(free_fn)` is released when it goes
 * out of scope, on every path; steal() hands it over instead.
 */
#ifndef CKPTOCI_BASE_CLEANUP_H
#define CKPTOCI_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

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

#endif
