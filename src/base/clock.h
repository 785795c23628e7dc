// SPDX-License-Identifier: Apache-2.0
/* The two times there are: one that only goes forward, to wait by, and that of the calendar. */
#ifndef CKPTOCI_BASE_CLOCK_H
#define CKPTOCI_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ms(void);
double clock_monotonic_s(void); /* to tell how long something took */
int64_t clock_now_ns(void);     /* since 1970 */

/* "2026-01-02T03:04:05Z"; the caller's. */
char *clock_format(int64_t seconds);
/* Of that form; 0 for anything else. */
int64_t clock_parse(const char *text);

#endif
