// SPDX-License-Identifier: Apache-2.0
/* How far the work is. The working threads count, the command shows; no other link between them. */
#ifndef CKPTOCI_BASE_PROGRESS_H
#define CKPTOCI_BASE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
    _Atomic int64_t bytes_total; /* of the archive; 0 while unknown, as from a pipe */
    _Atomic int64_t bytes_read;  /* of the archive */
    _Atomic int64_t bytes_sent;  /* of layers, over all destinations */
    /* The archive is read for the first of two times, to compare it with what is there. */
    _Atomic bool comparing;
};

#endif
