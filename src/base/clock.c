// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/memory.h"

int64_t clock_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double clock_monotonic_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int64_t clock_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

char *clock_format(int64_t seconds)
{
    char text[sizeof "+292277026596-12-04T15:30:07Z"];
    const time_t time = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&time, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return xstrdup("1970-01-01T00:00:00Z");
    return xstrdup(text);
}

int64_t clock_parse(const char *text)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

    return end && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}
