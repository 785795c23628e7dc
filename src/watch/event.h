// SPDX-License-Identifier: Apache-2.0
/* What the agent tells of its work: events, and the calls of the user's hook. */
#ifndef CKPTOCI_WATCH_EVENT_H
#define CKPTOCI_WATCH_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/child.h"
#include "base/error.h"
#include "watch/archive.h"

/* Where events go: objects with "time", "event" and what belongs to it, as docs/watch.md has
 * them. */
struct event_writer {
    void (*write)(void *context, const json_t *event);
    void *context;
};

/* `more`: further members, taken; may be NULL. Texts in it are fit to be shown, or are cleaned by
 * event_text(). */
void event_emit(const struct event_writer *writer, const char *name, json_t *more);
/* The same about an archive, with what is known of it. */
void event_emit_archive(const struct event_writer *writer, const char *name,
                        const struct archive *archive, json_t *more);
/* A JSON string of a text from outside, such as a file's name. */
json_t *event_text(const char *text);

enum { HOOKS_AT_ONCE = 4, HOOKS_POLL_FDS = HOOKS_AT_ONCE * CHILD_POLL_FDS };

struct hook_call {
    char *archive;    /* its name */
    char **additions; /* to the environment, ends with NULL */
    struct child *child;
    struct hook_call *next;
};

/*
 * The user's command, run once for each archive that was pushed or has failed for good. A few at a
 * time, in order, each for a bounded time; without a shell. Its environment tells it what has
 * happened. One thread's; zero-initialised, embedded.
 */
struct hooks {
    char *const *argv;  /* borrowed, ends with NULL; NULL: there is no hook */
    int64_t timeout_ms; /* 0: none */
    struct hook_call *running[HOOKS_AT_ONCE];
    struct hook_call *first, *last; /* that wait */
};

/* `error` has a text only if the call failed. */
typedef void hooks_ended(void *context, const char *archive, const struct error *error);

/* `what`: "pushed", "refused" or "failed"; `path`: of the archive. */
void hooks_add(struct hooks *hooks, const char *what, const struct archive *archive,
               const char *path, const char *node);
bool hooks_are_idle(const struct hooks *hooks);
/* Starts calls that wait, and kills those that take too long. Returns when to call it again, on the
 * monotonic clock; INT64_MAX: only when a call has been added or has ended. */
int64_t hooks_work(struct hooks *hooks, int64_t now_ms, hooks_ended *ended, void *context);
void hooks_poll(const struct hooks *hooks, struct pollfd fds[HOOKS_POLL_FDS]);
void hooks_serve(struct hooks *hooks, const struct pollfd fds[HOOKS_POLL_FDS], hooks_ended *ended,
                 void *context);
/* Kills those that run. */
void hooks_done(struct hooks *hooks);

#endif
