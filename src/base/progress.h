// SPDX-License-Identifier: Apache-2.0
/* How far the work is. The working threads count, the command shows; no other link between them. */
#ifndef CKPTOCI_BASE_PROGRESS_H
#define CKPTOCI_BASE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* No number gets smaller but bytes_total; a byte that moves again is among bytes_again. */
struct progress {
    /* Of the archives that were begun, or that copy has to move; 0 while unknown, as from a pipe.
     */
    _Atomic int64_t bytes_total;
    _Atomic int64_t bytes_read;  /* of the archives, or of the blobs at the source */
    _Atomic int64_t bytes_sent;  /* of layers, over all destinations; or written */
    _Atomic int64_t bytes_again; /* that were sent before */
    /* The archive is read for the first of two times, to compare it with what is there. */
    _Atomic int64_t bytes_compared;
    _Atomic bool comparing;
};

#endif
