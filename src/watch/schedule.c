// SPDX-License-Identifier: Apache-2.0
#include "watch/schedule.h"

#include <stdlib.h>

enum { NS_PER_MS = 1000000 };

/* When the file was last written to, by its own time: before we knew of it. */
static int64_t written_ms(const struct archive_identity *identity, int64_t now_ms, int64_t now_ns)
{
    int64_t age_ms = (now_ns - identity->mtime_ns) / NS_PER_MS;

    return age_ms > 0 ? now_ms - age_ms : now_ms;
}

static void forget_results(struct archive *archive)
{
    archive->failures = archive->crashes = 0;
    archive->time_s = 0;
    archive->confirm_from_ms = 0;
    archive_set_text(&archive->pod_namespace, NULL);
    archive_set_text(&archive->pod, NULL);
    archive_set_text(&archive->container, NULL);
    archive_set_text(&archive->reference, NULL);
    archive_set_text(&archive->digest, NULL);
    archive_set_text(&archive->error_text, NULL);
}

bool schedule_seen(const struct schedule *schedule, struct archive *archive,
                   const struct archive_identity *identity, bool is_closed, int64_t now_ms,
                   int64_t now_ns)
{
    bool is_new = archive->identity.inode == 0;
    bool is_whole = is_closed && !archive->was_incomplete;

    if (archive_identity_equal(&archive->identity, identity)) {
        if (is_whole && archive->state == ARCHIVE_WAITING && archive->failures == 0)
            archive->due_ms = now_ms;
        return false;
    }
    forget_results(archive);
    archive->identity = *identity;
    archive->changed_ms = is_new ? written_ms(identity, now_ms, now_ns) : now_ms;
    archive->due_ms = is_whole ? now_ms : archive->changed_ms + schedule->settle_ms;
    archive->state = ARCHIVE_WAITING;
    return true;
}

bool schedule_again(struct archive *archive, int64_t now_ms)
{
    if (archive->state != ARCHIVE_FAILED)
        return false;
    archive->state = ARCHIVE_WAITING;
    archive->failures = archive->crashes = 0;
    archive->due_ms = now_ms;
    return true;
}

static enum verdict wait_until(struct archive *archive, int64_t due_ms, enum verdict verdict)
{
    archive->state = ARCHIVE_WAITING;
    archive->due_ms = due_ms;
    return verdict;
}

static enum verdict end_with(struct archive *archive, enum archive_state state,
                             enum verdict verdict)
{
    archive->state = state;
    return verdict;
}

static enum verdict fail(const struct schedule *schedule, struct archive *archive, bool crashed,
                         int64_t now_ms)
{
    archive->failures++;
    archive->crashes += crashed;
    if (archive->failures > schedule->attempts.times || archive->crashes >= SCHEDULE_MAX_CRASHES)
        return end_with(archive, ARCHIVE_FAILED, VERDICT_FAILED);
    return wait_until(archive, now_ms + backoff_delay_ms(&schedule->attempts, archive->failures),
                      VERDICT_RETRY);
}

enum verdict schedule_judge(const struct schedule *schedule, struct archive *archive,
                            const struct outcome *outcome, int64_t now_ms)
{
    archive_set_text(&archive->error_text, *outcome->text ? outcome->text : NULL);
    switch (outcome->kind) {
    case OUTCOME_DONE:
        archive_set_text(&archive->digest, outcome->digest.text);
        return end_with(archive, ARCHIVE_PUSHED, VERDICT_PUSHED);
    case OUTCOME_REFUSED:
        archive->was_incomplete = true;
        if (now_ms - archive->changed_ms < schedule->incomplete_ms)
            return wait_until(archive, archive->changed_ms + schedule->incomplete_ms,
                              VERDICT_INCOMPLETE);
        return end_with(archive, ARCHIVE_REFUSED, VERDICT_REFUSED);
    case OUTCOME_IMPOSSIBLE:
        return end_with(archive, ARCHIVE_FAILED, VERDICT_FAILED);
    case OUTCOME_INTERRUPTED:
        return wait_until(archive, now_ms, VERDICT_STOPPED);
    case OUTCOME_FAILED:
    case OUTCOME_CRASHED:
        break;
    }
    return fail(schedule, archive, outcome->kind == OUTCOME_CRASHED, now_ms);
}
