// SPDX-License-Identifier: Apache-2.0
#include "http/stall.h"

#include "base/clock.h"

void stall_begin(struct stall *stall)
{
    *stall = (struct stall){.moved_at_ms = clock_monotonic_ms()};
}

void stall_excuse(struct stall *stall)
{
    stall->moved_at_ms = clock_monotonic_ms();
}

bool stall_is_over(struct stall *stall, int64_t moved, int64_t limit_ms)
{
    int64_t now = clock_monotonic_ms();

    if (moved != stall->moved) {
        stall->moved = moved;
        stall->moved_at_ms = now;
    }
    stall->passed_ms = limit_ms && now - stall->moved_at_ms > limit_ms ? limit_ms : 0;
    return stall->passed_ms != 0;
}
