// SPDX-License-Identifier: Apache-2.0
/*
 * Another program, run without a shell: it gets a text on standard input and gives a bounded one on
 * standard output; standard error stays ours. Any thread may run one. SIGPIPE must be ignored.
 */
#ifndef CKPTOCI_BASE_CHILD_H
#define CKPTOCI_BASE_CHILD_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/cancel.h"
#include "base/error.h"

/* All borrowed. */
struct child_options {
    char *const *argv; /* ends with NULL; argv[0] is looked for in $PATH */
    /* "NAME=VALUE", ends with NULL: added to our own environment, or in place of what is there; may
     * be NULL. */
    char *const *environment;
    const char *input;
    size_t input_len;
    int timeout_ms;        /* for all of it */
    struct cancel *cancel; /* may be NULL */
};

/*
 * 0: it ran to its end; its output is appended, and *exit_status is as a shell has it. -1: it
 * cannot be started, or it was killed because of the time-out, cancelling, or more output than the
 * buffer takes.
 */
int child_run(const struct child_options *options, struct buffer *output, int *exit_status,
              struct error *error);

#endif
