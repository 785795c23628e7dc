// SPDX-License-Identifier: Apache-2.0
/*
 * The agent: watches a directory, has each finished archive converted and pushed by a child, and
 * removes what it may. One thread that sleeps in poll(), beside those that ask registries.
 */
#ifndef CKPTOCI_WATCH_AGENT_H
#define CKPTOCI_WATCH_AGENT_H

#include <stdbool.h>

#include "base/cancel.h"
#include "base/error.h"
#include "registry/registry.h"
#include "watch/event.h"
#include "watch/retention.h"
#include "watch/schedule.h"

enum {
    AGENT_MAX_JOBS = 32,
    AGENT_STOP_MS = 30 * 1000,           /* for what runs to end, before it is killed */
    AGENT_CHECK_MS = 2 * 1000,           /* between looks whether the directory is there */
    AGENT_RETENTION_MS = 60 * 1000,      /* between looks at what may be removed */
    AGENT_CONFIRM_AGAIN_MS = 600 * 1000, /* after a registry has said that it has no such image */
    AGENT_ASK_AGAIN_MS = 1000, /* after it has said nothing; then twice as long, to a minute */
};

/* All borrowed. */
struct agent_options {
    const char *directory, *template, *node;
    const char *state_directory;
    char *const *convert_options; /* for the children; ends with NULL */
    unsigned jobs;
    int64_t job_timeout_ms; /* for what converts one archive; 0: none */
    struct schedule schedule;
    int64_t rescan_ms;
    struct retention retention;
    struct registry_options registry; /* to confirm what is to be removed */
    char *const *hook;                /* ends with NULL; NULL: none */
    int64_t hook_timeout_ms;
    const char *metrics_address; /* NULL: none */
    bool once;                   /* handle what is there, and end */
    bool drains;                 /* when asked to stop, what has begun is finished */
    struct event_writer events;
    void (*relay)(const char *line); /* a line that a child has written to standard error */
};

struct agent_result {
    unsigned pushed, refused,
        failed; /* archives; those that have failed may have been pushed since */
    bool was_interrupted;
};

/* Until `cancel` is triggered, or with `once` all is done. -1: it cannot go on: the directory is
 * gone, or the state cannot be written; *result is filled in. */
int agent_run(const struct agent_options *options, struct agent_result *result,
              struct cancel *cancel, struct error *error);

#endif
