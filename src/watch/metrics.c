// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "watch/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *help;
} counters[METRIC_COUNT] = {
    [METRIC_PUSHED] = {"pushed", "Archives that were converted and pushed."},
    [METRIC_UNCHANGED] = {"unchanged", "Of those, whose image was there before."},
    [METRIC_PUSHED_BYTES] = {"pushed_bytes", "Sizes of the archives that were pushed."},
    [METRIC_RETRIES] = {"retries", "Failures after which an archive was tried again."},
    [METRIC_REFUSED] = {"refused", "Archives that were refused for good."},
    [METRIC_FAILED] = {"failed", "Archives that failed too often, until the next scan."},
    [METRIC_CRASHES] = {"crashes", "Children that were killed by a signal."},
    [METRIC_DELETED] = {"deleted", "Archives that were removed once their images were confirmed."},
    [METRIC_UNCONFIRMED] = {"unconfirmed",
                            "Archives that stay because their images could not be confirmed."},
    [METRIC_HOOK_FAILURES] = {"hook_failures", "Hooks that failed."},
    [METRIC_OVERFLOWS] = {"overflows", "Times that events of the directory were lost."},
};

static void format_counters(FILE *stream, const struct metrics *metrics)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        fprintf(stream,
                "# HELP ckptoci_watch_%s_total %s\n"
                "# TYPE ckptoci_watch_%s_total counter\n"
                "ckptoci_watch_%s_total %" PRIu64 "\n",
                counters[i].name, counters[i].help, counters[i].name, counters[i].name,
                metrics->counters[i]);
}

static void format_archives(FILE *stream, const struct archive_table *table, int64_t now_ms)
{
    int64_t oldest_ms = now_ms, bytes = 0;

    fputs("# HELP ckptoci_watch_archives Archives in the directory, by what has become of them.\n"
          "# TYPE ckptoci_watch_archives gauge\n",
          stream);
    for (int i = 0; i < ARCHIVE_STATE_COUNT; i++)
        fprintf(stream, "ckptoci_watch_archives{state=\"%s\"} %zu\n",
                archive_state_name((enum archive_state)i),
                archive_table_count(table, (enum archive_state)i));
    for (size_t i = 0; i < table->count; i++) {
        const struct archive *archive = table->archives[i];

        bytes += archive->identity.size;
        if ((archive->state == ARCHIVE_WAITING || archive->state == ARCHIVE_CONVERTING) &&
            archive->changed_ms < oldest_ms)
            oldest_ms = archive->changed_ms;
    }
    fprintf(stream,
            "# HELP ckptoci_watch_archives_bytes Sizes of the archives in the directory.\n"
            "# TYPE ckptoci_watch_archives_bytes gauge\n"
            "ckptoci_watch_archives_bytes %" PRId64 "\n"
            "# HELP ckptoci_watch_oldest_waiting_seconds Age of the oldest archive to be pushed.\n"
            "# TYPE ckptoci_watch_oldest_waiting_seconds gauge\n"
            "ckptoci_watch_oldest_waiting_seconds %.3f\n",
            bytes, (double)(now_ms - oldest_ms) / 1000);
}

static void format_times(FILE *stream, const struct metrics *metrics)
{
    fprintf(stream,
            "# HELP ckptoci_watch_push_duration_seconds Time that conversions have taken which "
            "ended well.\n"
            "# TYPE ckptoci_watch_push_duration_seconds summary\n"
            "ckptoci_watch_push_duration_seconds_sum %.3f\n"
            "ckptoci_watch_push_duration_seconds_count %" PRIu64 "\n"
            "# HELP ckptoci_watch_last_push_timestamp_seconds When the last one ended; 0: none.\n"
            "# TYPE ckptoci_watch_last_push_timestamp_seconds gauge\n"
            "ckptoci_watch_last_push_timestamp_seconds %" PRId64 "\n"
            "# HELP ckptoci_watch_start_timestamp_seconds When the agent began.\n"
            "# TYPE ckptoci_watch_start_timestamp_seconds gauge\n"
            "ckptoci_watch_start_timestamp_seconds %" PRId64 "\n"
            "# HELP ckptoci_watch_build_info Which program it is.\n"
            "# TYPE ckptoci_watch_build_info gauge\n"
            "ckptoci_watch_build_info{version=\"%s\"} 1\n",
            (double)metrics->push_ms / 1000, metrics->counters[METRIC_PUSHED],
            metrics->last_pushed_s, metrics->started_s, PACKAGE_VERSION);
}

char *metrics_format(const struct metrics *metrics, const struct archive_table *table,
                     int64_t now_ms)
{
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    if (!stream)
        abort();
    format_counters(stream, metrics);
    format_archives(stream, table, now_ms);
    format_times(stream, metrics);
    if (fclose(stream))
        abort();
    return text;
}
