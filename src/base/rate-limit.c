// SPDX-License-Identifier: Apache-2.0
#include "base/rate-limit.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

enum { SLICES_PER_S = 10 };
static const int64_t NS_PER_S = 1000000000;

static void sleep_until(int64_t ns)
{
    const struct timespec then = clock_timespec(ns);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR)
        ;
}

size_t rate_limit_take(struct rate_limit *limit, size_t wanted)
{
    size_t len = wanted, slice = (size_t)(limit->bytes_per_s / SLICES_PER_S);
    int64_t now, begin;

    if (limit->bytes_per_s == 0)
        return wanted;
    if (slice == 0)
        slice = 1;
    if (len > slice)
        len = slice;
    now = clock_monotonic_ns();
    pthread_mutex_lock(&limit->mutex);
    begin = limit->free_at_ns > now ? limit->free_at_ns : now;
    limit->free_at_ns =
        begin + (int64_t)((double)len * (double)NS_PER_S / (double)limit->bytes_per_s);
    pthread_mutex_unlock(&limit->mutex);
    sleep_until(begin);
    return len;
}
