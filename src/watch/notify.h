// SPDX-License-Identifier: Apache-2.0
/* What systemd is told (sd_notify(3)), where it has started us and we were built with its library;
 * else nothing happens. */
#ifndef CKPTOCI_WATCH_NOTIFY_H
#define CKPTOCI_WATCH_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);
/* How often it wants to hear from us, half of the time after which it restarts us; 0: never. */
int64_t notify_watchdog_interval_ms(void);
void notify_watchdog(void);

#endif
