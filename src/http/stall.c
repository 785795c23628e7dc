// SPDX-License-Identifier: Apache-2.0
#include "http/stall.h"

#include <time.h>

int64_t stall_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void stall_begin(struct stall *stall)
{
    *stall = (struct stall){.moved_at_ms = stall_clock_ms()};
}

void stall_excuse(struct stall *stall)
{
    stall->moved_at_ms = stall_clock_ms();
}

bool stall_is_over(struct stall *stall, int64_t moved, int64_t limit_ms)
{
    int64_t now = stall_clock_ms();

    if (moved != stall->moved) {
        stall->moved = moved;
        stall->moved_at_ms = now;
    }
    stall->passed_ms = limit_ms && now - stall->moved_at_ms > limit_ms ? limit_ms : 0;
    return stall->passed_ms != 0;
}
