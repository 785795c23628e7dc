// SPDX-License-Identifier: Apache-2.0
/*
 * How long to wait before something that failed is tried again: twice as long each time, with
 * jitter, so that many that failed together do not come back together. A plain value, copied.
 */
#ifndef CKPTOCI_BASE_BACKOFF_H
#define CKPTOCI_BASE_BACKOFF_H

#include <stdint.h>

#include "base/cancel.h"
#include "base/error.h"

enum {
    BACKOFF_MAX_MS = 60 * 1000,
    /* Somebody who asks for more patience than this is not waited for any longer. */
    BACKOFF_ASKED_MAX_MS = 15 * 60 * 1000,
};

struct backoff {
    unsigned times;   /* tries after the first one */
    int64_t delay_ms; /* before the second try */
};

/* The delay before the try that follows the `failures`-th failure in a row, without jitter. */
int64_t backoff_delay_ms(const struct backoff *backoff, unsigned failures);

/* Waits that long, less up to half of it, and at least for `asked_ms`, which the other side has
 * named; 0: nothing. -1: ERROR_INTERRUPTED. */
int backoff_wait(const struct backoff *backoff, unsigned failures, int64_t asked_ms,
                 const struct cancel *cancel, struct error *error);

#endif
