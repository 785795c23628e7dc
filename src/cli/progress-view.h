// SPDX-License-Identifier: Apache-2.0
/*
 * Shows a struct progress on stderr from a thread of its own: a bar on a terminal, elsewhere a
 * line every 30 seconds. While it runs, other text for stderr goes through it, so that bar and text
 * do not mix.
 */
#ifndef CKPTOCI_PROGRESS_VIEW_H
#define CKPTOCI_PROGRESS_VIEW_H

#include <stdbool.h>

#include "base/memory.h"
#include "base/progress.h"

struct progress_view;

/* `progress` is borrowed. With `quiet` nothing is shown, but messages still are. */
struct progress_view *progress_view_new(const struct progress *progress, bool quiet);
/* Ends the thread and removes the bar. */
void progress_view_free(struct progress_view *view);
DEFINE_CLEANUP(struct progress_view *, progress_view_free);

/* "ckptoci: warning: " and the text, on a line of its own. Any thread; the writer for
 * log_set_writer(). */
void progress_view_warn(const char *text);

#endif
