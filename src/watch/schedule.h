// SPDX-License-Identifier: Apache-2.0
/*
 * The rules of when an archive is looked at, how often it is tried, and when that ends. Pure: all
 * times come in; monotonic milliseconds unless their names say something else.
 */
#ifndef CKPTOCI_WATCH_SCHEDULE_H
#define CKPTOCI_WATCH_SCHEDULE_H

#include <stdbool.h>

#include "base/clock.h"
#include "watch/archive.h"
#include "watch/outcome.h"

enum { SCHEDULE_MAX_CRASHES = 3 };

struct schedule {
    int64_t settle_ms;     /* a file that nobody has been seen to close is looked at when it has not
                              changed for so long */
    int64_t incomplete_ms; /* an archive that is refused may still be written to: it is refused for
                              good when it has not changed for so long */
    struct backoff attempts; /* .times: tries after the first one */
};

enum verdict {
    VERDICT_PUSHED,
    VERDICT_INCOMPLETE, /* refused, but not for good: it waits */
    VERDICT_RETRY,      /* failed: it waits */
    VERDICT_REFUSED,    /* for good */
    VERDICT_FAILED,     /* until the next scan */
    VERDICT_STOPPED,    /* as if it had not been tried */
};

/* A file of that name is there. True: it is not the one that was known; it waits now. `is_closed`:
 * whoever has written it has just closed it, or it has come under its name whole. */
bool schedule_seen(const struct schedule *schedule, struct archive *archive,
                   const struct archive_identity *identity, bool is_closed, int64_t now_ms,
                   int64_t now_ns);
/* At the beginning of each scan: what has failed gets another chance. True: it waits now. */
bool schedule_again(struct archive *archive, int64_t now_ms);
/* After a child has ended, and the archive is the same as when it began. */
enum verdict schedule_judge(const struct schedule *schedule, struct archive *archive,
                            const struct outcome *outcome, int64_t now_ms);

#endif
