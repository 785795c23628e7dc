// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent has done so far, as numbers, and as the text that Prometheus reads (its text
 * exposition format, version 0.0.4). A plain value of the agent's thread.
 */
#ifndef CKPTOCI_WATCH_METRICS_H
#define CKPTOCI_WATCH_METRICS_H

#include <stdint.h>

#include "watch/archive.h"

enum metric {
    METRIC_PUSHED,
    METRIC_UNCHANGED,
    METRIC_PUSHED_BYTES,
    METRIC_RETRIES,
    METRIC_REFUSED,
    METRIC_FAILED,
    METRIC_CRASHES,
    METRIC_DELETED,
    METRIC_UNCONFIRMED,
    METRIC_HOOK_FAILURES,
    METRIC_OVERFLOWS,
    METRIC_COUNT,
};

struct metrics {
    uint64_t counters[METRIC_COUNT];
    int64_t push_ms;       /* that conversions which ended well have taken, together */
    int64_t last_pushed_s; /* since 1970; 0: none yet */
    int64_t started_s;
};

/* The caller's. */
char *metrics_format(const struct metrics *metrics, const struct archive_table *table,
                     int64_t now_ms);

#endif
