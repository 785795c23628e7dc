// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent has done so far, as numbers, as the text that Prometheus reads (its text
 * exposition format, version 0.0.4), and the HTTP server that gives it out.
 */
#ifndef CKPTOCI_WATCH_METRICS_H
#define CKPTOCI_WATCH_METRICS_H

#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
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

/* A plain value of the agent's thread. */
struct metrics {
    uint64_t counters[METRIC_COUNT];
    int64_t push_ms;       /* that conversions which ended well have taken, together */
    int64_t last_pushed_s; /* since 1970; 0: none yet */
    int64_t started_s;
};

/* free() it. */
char *metrics_format(const struct metrics *metrics, const struct archive_table *table,
                     int64_t now_ms);

/* Serves /metrics and /healthz, without TLS. It has no thread: it answers when the agent calls
 * metrics_server_serve(), so an agent that hangs is not healthy. Opaque. */
struct metrics_server;

enum {
    METRICS_MAX_CONNECTIONS = 128,  /* with one more, the first of them is closed */
    METRICS_TIMEOUT_MS = 10 * 1000, /* for all of a connection, whatever comes over it */
};

struct metrics_server_options {
    const char *address;            /* "[ADDRESS:]PORT", loopback where there is no address */
    char *(*format)(void *context); /* the text of /metrics, taken */
    void *context;
};

/* Whether it is "[ADDRESS:]PORT"; -1: ERROR_USAGE. */
int metrics_server_check(const char *address, struct error *error);
int metrics_server_start(struct metrics_server **server,
                         const struct metrics_server_options *options, struct error *error);
/* "127.0.0.1:9399", with the port that it has got. */
const char *metrics_server_address(const struct metrics_server *server);
/* To be polled for input, at most for that long; -1: as long as you like. */
int metrics_server_fd(const struct metrics_server *server);
int metrics_server_timeout_ms(const struct metrics_server *server);
void metrics_server_serve(struct metrics_server *server);
void metrics_server_free(struct metrics_server *server);
DEFINE_CLEANUP(struct metrics_server *, metrics_server_free);

#endif
