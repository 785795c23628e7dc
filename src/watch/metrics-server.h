// SPDX-License-Identifier: Apache-2.0
/*
 * An HTTP server for /metrics and /healthz, without TLS. It has no thread: what it answers, it
 * answers when the agent serves it, so an agent that hangs is not healthy. Opaque.
 */
#ifndef CKPTOCI_WATCH_METRICS_SERVER_H
#define CKPTOCI_WATCH_METRICS_SERVER_H

#include "base/error.h"
#include "base/memory.h"

struct metrics_server;

enum {
    METRICS_MAX_CONNECTIONS = 16,
    METRICS_TIMEOUT_S = 10, /* of a connection that says nothing */
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
