// SPDX-License-Identifier: Apache-2.0
/*
 * The rules of what the end of a child means for its archive, when an archive is looked at, how
 * often it is tried, and when that ends. Pure: all times are passed in; monotonic milliseconds
 * unless their names say something else.
 */
#ifndef CKPTOCI_WATCH_SCHEDULE_H
#define CKPTOCI_WATCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/child.h"
#include "base/clock.h"
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

/* Of `ckptoci list --json`, by its exit status and what it has printed: fills in the names and the
 * time of the archive. Refused where they are no names, or not those that the file is called by. */
void outcome_of_list(struct outcome *outcome, const struct child *child, struct archive *archive);
/* The same of `ckptoci convert --json` with one destination. */
void outcome_of_convert(struct outcome *outcome, const struct child *child);

enum { SCHEDULE_MAX_CRASHES = 3 };

struct schedule {
    int64_t settle_ms;     /* a file that nobody has been seen to close is looked at when it has not
                              changed for so long */
    int64_t incomplete_ms; /* an archive that is refused may still be written to: it is refused for
                              good when it has not changed for so long */
    struct backoff attempts; /* .times: tries after the first one */
};

enum judgement {
    JUDGED_PUSHED,
    JUDGED_INCOMPLETE, /* refused, but not for good: it waits */
    JUDGED_RETRY,      /* failed: it waits */
    JUDGED_REFUSED,    /* for good */
    JUDGED_FAILED,     /* until the next scan */
    JUDGED_STOPPED,    /* as if it had not been tried */
};

/* A file of that name is there. True: it is not the one that was known; it waits now. `is_closed`:
 * whoever has written it has just closed it, or it has come under its name whole. */
bool schedule_seen(const struct schedule *schedule, struct archive *archive,
                   const struct archive_identity *identity, bool is_closed, int64_t now_ms,
                   int64_t now_ns);
/* At the beginning of each scan: what has failed gets another chance. True: it waits now. */
bool schedule_again(struct archive *archive, int64_t now_ms);
/* After a child has ended, and the archive is the same as when it began. */
enum judgement schedule_judge(const struct schedule *schedule, struct archive *archive,
                              const struct outcome *outcome, int64_t now_ms);

#endif
