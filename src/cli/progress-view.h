// SPDX-License-Identifier: Apache-2.0
/*
 * Shows a struct progress on stderr from a thread of its own: a bar on a terminal, elsewhere a
 * line every 30 seconds. While it runs, other text for stderr goes through it, so that bar and text
 * do not mix.
 */
#ifndef CKPTOCI_PROGRESS_VIEW_H
#define CKPTOCI_PROGRESS_VIEW_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"

struct progress_view;

/* What is done with the bytes that are counted. */
enum progress_words {
    PROGRESS_SENDS,  /* an archive is read and sent */
    PROGRESS_PULLS,  /* an archive is received and written */
    PROGRESS_COPIES, /* blobs go from one place to another */
    PROGRESS_READS,  /* nothing else */
};

/* `progress` is borrowed. With `quiet` nothing is shown, but messages still are. */
struct progress_view *progress_view_new(const struct progress *progress, enum progress_words words,
                                        bool quiet);
/* Ends the thread and removes the bar. */
void progress_view_free(struct progress_view *view);
DEFINE_CLEANUP(struct progress_view *, progress_view_free);

/* "ckptoci: warning: " and the text, on a line of its own. Any thread; the writer for
 * log_set_writer(). */
void progress_view_warn(const char *text);
/* The bar says that something is tried again; where there is none, a line says what, why and when.
 * Any thread; the writer for log_set_retry_writer(). */
void progress_view_retry(const struct retry *retry);

#endif
