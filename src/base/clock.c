// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"

static const int64_t ns_per_s = 1000000000;
enum { SLICES_PER_S = 10 }; /* that a rate limit gives out */

static int64_t read_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * ns_per_s + now.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

double clock_monotonic_s(void)
{
    return (double)clock_monotonic_ns() / 1e9;
}

struct timespec clock_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / ns_per_s, .tv_nsec = ns % ns_per_s};
}

int64_t clock_now_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}

char *clock_format(int64_t seconds)
{
    char text[sizeof "+292277026596-12-04T15:30:07Z"];
    const time_t time = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&time, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return NULL;
    return xstrdup(text);
}

int64_t clock_parse(const char *text)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

    return end && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}

int64_t backoff_delay_ms(const struct backoff *backoff, unsigned failures)
{
    int64_t delay_ms = backoff->delay_ms;

    for (unsigned i = 1; i < failures && delay_ms < BACKOFF_MAX_MS; i++)
        delay_ms *= 2;
    return delay_ms < BACKOFF_MAX_MS ? delay_ms : BACKOFF_MAX_MS;
}

static int64_t jitter(int64_t delay_ms)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        return delay_ms;
    return delay_ms - (int64_t)(random % (uint32_t)(delay_ms / 2 + 1));
}

int64_t backoff_next_ms(const struct backoff *backoff, unsigned failures, int64_t asked_ms)
{
    int64_t delay_ms = jitter(backoff_delay_ms(backoff, failures));

    if (asked_ms > BACKOFF_ASKED_MAX_MS)
        asked_ms = BACKOFF_ASKED_MAX_MS;
    return delay_ms > asked_ms ? delay_ms : asked_ms;
}

int backoff_wait(int64_t delay_ms, const struct cancel *cancel, struct error *error)
{
    cancel_wait(cancel, delay_ms);
    return cancel_check(cancel, error);
}

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
        begin + (int64_t)((double)len * (double)ns_per_s / (double)limit->bytes_per_s);
    pthread_mutex_unlock(&limit->mutex);
    sleep_until(begin);
    return len;
}
