// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/memory.h"

static const int64_t ns_per_s = 1000000000;

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
