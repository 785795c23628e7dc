// SPDX-License-Identifier: Apache-2.0
/*
 * Time: what it is, how long to wait before something that failed is tried again (struct backoff),
 * and how long to wait so that bytes keep to a rate (struct rate_limit).
 */
#ifndef CKPTOCI_BASE_CLOCK_H
#define CKPTOCI_BASE_CLOCK_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/cancel.h"
#include "base/error.h"

/* The monotonic clock only goes forward; for deadlines and durations. */
int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);
double clock_monotonic_s(void);
/* The calendar's time, since 1970. */
int64_t clock_now_ns(void);
/* For the system calls that wait until then. */
struct timespec clock_timespec(int64_t ns);

/* "2026-01-02T03:04:05Z"; free() it. NULL: the year does not fit into the calendar. */
char *clock_format(int64_t seconds);
/* Parses that form; 0 for anything else. */
int64_t clock_parse(const char *text);

enum {
    BACKOFF_MAX_MS = 60 * 1000,
    /* The longest that the other side can make us wait. */
    BACKOFF_ASKED_MAX_MS = 15 * 60 * 1000,
};

/* A plain value, copied. */
struct backoff {
    unsigned times;   /* tries after the first one */
    int64_t delay_ms; /* before the second try; doubled before each that follows */
};

/* The delay before the try that follows the `failures`-th failure in a row, without jitter. */
int64_t backoff_delay_ms(const struct backoff *backoff, unsigned failures);
/* How long to wait then: that long, less up to half of it, so that many that failed together do not
 * come back together; but at least `asked_ms`, which the other side has asked for (0: it has not).
 */
int64_t backoff_next_ms(const struct backoff *backoff, unsigned failures, int64_t asked_ms);
/* Waits so long. -1: ERROR_INTERRUPTED. */
int backoff_wait(int64_t delay_ms, const struct cancel *cancel, struct error *error);

/* At most so many bytes a second, together, for all threads that share it. */
struct rate_limit {
    int64_t bytes_per_s; /* 0: no limit; set before it is shared */
    pthread_mutex_t mutex;
    int64_t free_at_ns; /* when the next bytes may go; on the monotonic clock */
};

#define RATE_LIMIT_INIT                    \
    {                                      \
        .mutex = PTHREAD_MUTEX_INITIALIZER \
    }

/* Waits until bytes may go, and returns how many: 1 to `wanted`, which is not 0. Never more than
 * go in a tenth of a second, so that other threads get their turn and a wish to stop is noticed. */
size_t rate_limit_take(struct rate_limit *limit, size_t wanted);

#endif
