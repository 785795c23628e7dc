// SPDX-License-Identifier: Apache-2.0
#include "watch/notify.h"

void notify_ready(void)
{
}

void notify_stopping(void)
{
}

int64_t notify_watchdog_interval_ms(void)
{
    return 0;
}

void notify_watchdog(void)
{
}
