// SPDX-License-Identifier: Apache-2.0
#include "watch/notify.h"

#include <systemd/sd-daemon.h>

void notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

int64_t notify_watchdog_interval_ms(void)
{
    uint64_t us = 0;

    if (sd_watchdog_enabled(0, &us) <= 0)
        return 0;
    return us > 2000 ? (int64_t)(us / 2000) : 1;
}

void notify_watchdog(void)
{
    sd_notify(0, "WATCHDOG=1");
}
