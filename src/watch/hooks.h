// SPDX-License-Identifier: Apache-2.0
/*
 * The user's command, run once for each archive that was pushed or has failed for good. A few at a
 * time, in order, each for a bounded time; without a shell. What is to be told is in its
 * environment. One thread's; zero-initialised, embedded.
 */
#ifndef CKPTOCI_WATCH_HOOKS_H
#define CKPTOCI_WATCH_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/child.h"
#include "base/error.h"
#include "watch/archive.h"

enum { HOOKS_AT_ONCE = 4, HOOKS_POLL_FDS = HOOKS_AT_ONCE * CHILD_POLL_FDS };

struct hook_call {
    char *archive;    /* its name */
    char **additions; /* to the environment, ends with NULL */
    struct child *child;
    struct hook_call *next;
};

struct hooks {
    char *const *argv;  /* borrowed, ends with NULL; NULL: there is no hook */
    int64_t timeout_ms; /* 0: none */
    struct hook_call *running[HOOKS_AT_ONCE];
    struct hook_call *first, *last; /* that wait */
};

/* `error` has a text only where it did not end well. */
typedef void hooks_ended(void *context, const char *archive, const struct error *error);

/* `what`: "pushed", "refused" or "failed"; `path`: of the archive. */
void hooks_add(struct hooks *hooks, const char *what, const struct archive *archive,
               const char *path, const char *node);
bool hooks_are_idle(const struct hooks *hooks);
/* Starts what waits, and ends what takes too long; monotonic. When to come again; INT64_MAX: no
 * matter. */
int64_t hooks_work(struct hooks *hooks, int64_t now_ms, hooks_ended *ended, void *context);
void hooks_poll(const struct hooks *hooks, struct pollfd fds[HOOKS_POLL_FDS]);
void hooks_serve(struct hooks *hooks, const struct pollfd fds[HOOKS_POLL_FDS], hooks_ended *ended,
                 void *context);
/* Kills those that run. */
void hooks_done(struct hooks *hooks);

#endif
