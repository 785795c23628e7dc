// SPDX-License-Identifier: Apache-2.0
/* The two times there are: one that only goes forward, to wait by, and that of the calendar. */
#ifndef CKPTOCI_BASE_CLOCK_H
#define CKPTOCI_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);
double clock_monotonic_s(void); /* to tell how long something took */
int64_t clock_now_ns(void);     /* since 1970 */
/* As the system's calls that wait until then want it. */
struct timespec clock_timespec(int64_t ns);

/* "2026-01-02T03:04:05Z"; the caller's. NULL: no calendar has that year. */
char *clock_format(int64_t seconds);
/* Of that form; 0 for anything else. */
int64_t clock_parse(const char *text);

#endif
