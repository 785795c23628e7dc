// SPDX-License-Identifier: Apache-2.0
/* What a user types or pipes in. Lines may be secret: whoever gets one wipes it. */
#ifndef CKPTOCI_PROMPT_H
#define CKPTOCI_PROMPT_H

#include <stdbool.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"

enum { PROMPT_MAX_BYTES = 64 << 10 };

/* Shows the label on the terminal and takes a line from there, visible or not, without its end.
 * `line` must be fresh; what it holds is set in any case. -1: no terminal, no line, or too long. */
int prompt_line(struct buffer *line, const char *label, bool visible, struct cancel *cancel,
                struct error *error);

/* All of standard input, without one line end at its end. */
int prompt_stdin(struct buffer *text, struct cancel *cancel, struct error *error);

/* Overwrites and releases. */
void prompt_done(struct buffer *line);

#endif
