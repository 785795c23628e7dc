// SPDX-License-Identifier: Apache-2.0
/*
 * Another program, run without a shell. It gets our environment, and signals as a program expects
 * them. There are two ways to run one:
 *
 * child_run() waits for its end, in any thread. The program reads a text from standard input; its
 * output is taken, standard error stays ours. It stays in our process group, so that it may ask the
 * user on the terminal. SIGPIPE must be ignored.
 *
 * child_start() goes on beside it, and the caller polls:
 *
 *     child_start, (child_poll, poll, child_serve) until is_over, child_free
 *
 * The program has nothing to read, or a file; output and standard error are collected. It leads a
 * process group of its own, so that it can be killed with what it has started, and Ctrl-C is ours
 * alone. The kernel kills it when the thread that started it ends, however that comes, so only the
 * first thread may start one.
 */
#ifndef CKPTOCI_BASE_CHILD_H
#define CKPTOCI_BASE_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"

enum {
    CHILD_OUTPUT_MAX_BYTES = 4 << 20, /* with child_start(): what is more is read and dropped */
    CHILD_ERRORS_MAX_BYTES = 64 << 10,
    CHILD_POLL_FDS = 3,
};

/* All borrowed. */
struct child_options {
    char *const *argv;   /* ends with NULL */
    const char *program; /* what is executed; NULL: argv[0], looked for in $PATH */
    /* "NAME=VALUE", ends with NULL: added to our environment, or in place of what is there; may be
     * NULL. */
    char *const *environment;
    const char *hidden_prefix; /* variables of ours that begin so are left out; NULL: none */
    int64_t timeout_ms;        /* for all of it; 0: none, for child_start() only */

    int input_fd; /* its standard input with child_start(), borrowed; 0: it has nothing to read */

    /* For child_run() only. */
    const char *input;
    size_t input_len;
    struct cancel *cancel; /* may be NULL */
};

/*
 * 0: it ran to its end; its output is appended, and *exit_status is as a shell has it. -1: it
 * cannot be started, or it was killed because of the time-out, cancelling, or more output than the
 * buffer takes.
 */
int child_run(const struct child_options *options, struct buffer *output, int *exit_status,
              struct error *error);

struct child {
    pid_t pid;
    int pidfd, input_fd, output_fd, errors_fd; /* ours; -1: closed, or none */
    size_t sent;                               /* bytes of the input */
    struct buffer output, errors;
    bool is_over; /* `wait_status` is what waitpid() has given */
    int wait_status;
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    bool was_late;       /* it was killed because of that */
};

int child_start(struct child **child, const struct child_options *options, struct error *error);
/* Fills in what to poll for, CHILD_POLL_FDS of them, and afterwards takes what there is. */
void child_poll(const struct child *child, struct pollfd *fds);
void child_serve(struct child *child, const struct pollfd *fds);
/* To its group, or to it alone while that is not there yet. */
void child_signal(const struct child *child, int signal);
/* Kills it if its time is up. When to come again, monotonic; INT64_MAX: no matter. */
int64_t child_kill_late(struct child *child, int64_t now_ms);
/* Kills it if it is not over. */
void child_free(struct child *child);
DEFINE_CLEANUP(struct child *, child_free);

#endif
