// SPDX-License-Identifier: Apache-2.0
/*
 * The wish to stop, from a signal or from a failure elsewhere. One struct cancel is shared by all
 * threads of a command; any thread may trigger it, once is enough, and it never goes back.
 *
 * Whoever blocks in poll() adds cancel_fd(), which becomes readable; whoever waits on a condition
 * of its own registers a watch that wakes it; whoever works in steps asks cancel_triggered().
 */
#ifndef CKPTOCI_BASE_CANCEL_H
#define CKPTOCI_BASE_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct cancel;

struct cancel_watch {
    void (*wake)(void *context); /* called once, from the triggering thread */
    void *context;
    struct cancel_watch *next;
};

struct cancel *cancel_new(void);
void cancel_free(struct cancel *cancel);
DEFINE_CLEANUP(struct cancel *, cancel_free);

void cancel_trigger(struct cancel *cancel);
bool cancel_triggered(const struct cancel *cancel);
int cancel_fd(const struct cancel *cancel);

/* The watch belongs to the caller and must outlive its registration. If the wish to stop is already
 * there, wake() is called at once. */
void cancel_watch_add(struct cancel *cancel, struct cancel_watch *watch);
void cancel_watch_remove(struct cancel *cancel, struct cancel_watch *watch);

/* Waits until poll() has one of `events` to tell of the descriptor. -1 if triggered. */
int cancel_poll(const struct cancel *cancel, int fd, short events, struct error *error);

/* Sleeps for that long, or until triggered. */
void cancel_wait(const struct cancel *cancel, int64_t ms);

/* If triggered, fills in an ERROR_INTERRUPTED and returns -1; else 0. */
int cancel_check(const struct cancel *cancel, struct error *error);

#endif
