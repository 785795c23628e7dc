// SPDX-License-Identifier: Apache-2.0
/*
 * A program that runs beside the agent, which goes on meanwhile: what it writes is collected, up to
 * a limit, and its end is noticed, through file descriptors that the agent polls. It is killed when
 * the agent ends, however that comes. To be started by the agent's first thread only, with whose
 * end the kernel connects that.
 */
#ifndef CKPTOCI_WATCH_PROCESS_H
#define CKPTOCI_WATCH_PROCESS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
    PROCESS_OUTPUT_MAX_BYTES = 4 << 20, /* what is more is read and dropped */
    PROCESS_ERRORS_MAX_BYTES = 64 << 10,
    PROCESS_POLL_FDS = 3,
};

struct process {
    pid_t pid;
    int pidfd, output_fd, errors_fd; /* -1: closed */
    struct buffer output, errors;    /* standard output and standard error */
    bool is_over;                    /* `wait_status` is what waitpid() has given */
    int wait_status;
    int64_t started_ms, deadline_ms; /* monotonic; deadline_ms 0: none */
};

struct process_options {
    char *const *argv;        /* ends with NULL */
    char *const *environment; /* NULL: ours */
    const char *program;      /* that is executed; NULL: argv[0], looked for in $PATH */
    bool leads_group;         /* it and what it starts can be killed together */
    int64_t timeout_ms;       /* 0: none */
};

int process_start(struct process **process, const struct process_options *options,
                  struct error *error);
/* Fills in what to poll for, PROCESS_POLL_FDS of them, and afterwards takes what there is. */
void process_poll(const struct process *process, struct pollfd *fds);
void process_serve(struct process *process, const struct pollfd *fds);
/* To it, or to its group. */
void process_signal(const struct process *process, int signal);
/* Kills it if it is not over. */
void process_free(struct process *process);
DEFINE_CLEANUP(struct process *, process_free);

#endif
