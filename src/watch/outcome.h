// SPDX-License-Identifier: Apache-2.0
/*
 * What the end of a child means for its archive: from its exit status, which ckptoci(1) documents,
 * and what it has printed. Pure.
 */
#ifndef CKPTOCI_WATCH_OUTCOME_H
#define CKPTOCI_WATCH_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/child.h"
#include "base/error.h"
#include "oci/digest.h"
#include "watch/archive.h"

enum outcome_kind {
    OUTCOME_DONE,
    OUTCOME_REFUSED,     /* the archive is none, or incomplete */
    OUTCOME_IMPOSSIBLE,  /* wrong usage: trying again soon changes nothing */
    OUTCOME_FAILED,      /* may pass */
    OUTCOME_CRASHED,     /* killed by a signal */
    OUTCOME_INTERRUPTED, /* it was told to stop, and has */
};

struct outcome {
    enum outcome_kind kind;
    bool was_there; /* the image, already */
    struct digest digest;
    unsigned findings;          /* warnings about the archive */
    char text[ERROR_TEXT_SIZE]; /* what went wrong, fit to be shown */
};

/* Of `ckptoci list --json`: fills in the names and the time of an archive. */
void outcome_of_list(struct outcome *outcome, const struct child *child, struct archive *archive);
/* Of `ckptoci convert --json` with one destination. */
void outcome_of_convert(struct outcome *outcome, const struct child *child);

#endif
