// SPDX-License-Identifier: Apache-2.0
#include "watch/agent-parts.h"

#include "base/clock.h"

enum { NS_PER_S = 1000000000 };

static void look_for_keep(struct agent *agent)
{
    for (size_t i = 0; i < agent->table.count; i++) {
        struct archive *archive = agent->table.archives[i];

        archive->is_kept =
            archive->state == ARCHIVE_PUSHED && directory_is_kept(agent->directory, archive->name);
    }
}

/* Leaves only those that the registry can be asked about now. */
static size_t drop_early(struct candidate *candidates, size_t count, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < count && kept < CONFIRMATION_MAX_QUESTIONS; i++)
        if (candidates[i].archive->confirm_from_ms <= now_ms)
            candidates[kept++] = candidates[i];
    return kept;
}

void agent_start_sweep(struct agent *agent, int64_t now_ms)
{
    const struct agent_options *options = agent->options;
    cleanup_free struct candidate *candidates = NULL;
    size_t count;

    agent->retention_due_ms = now_ms + AGENT_RETENTION_MS;
    agent->has_swept = true;
    if (!retention_is_given(&options->retention))
        return;
    look_for_keep(agent);
    candidates =
        retention_select(&options->retention, &agent->table, clock_now_ns() / NS_PER_S, &count);
    count = drop_early(candidates, count, now_ms);
    if (count == 0)
        return;
    agent->has_swept = false;
    agent->confirmation = confirmation_start(candidates, count, &options->registry, agent->cancel);
}

static void tell_unconfirmed(struct agent *agent, struct archive *archive, const char *text,
                             int64_t now_ms)
{
    agent->metrics.counters[METRIC_UNCONFIRMED]++;
    archive->confirm_from_ms = now_ms + AGENT_CONFIRM_AGAIN_MS;
    event_emit_archive(&agent->options->events, "unconfirmed", archive,
                       json_pack("{s:s}", "error", text));
}

static void remove_confirmed(struct agent *agent, const struct question *question, int64_t now_ms)
{
    struct archive *archive = archive_table_find(&agent->table, question->name);
    struct error error = {0};

    if (!archive || archive->state != ARCHIVE_PUSHED ||
        !archive_identity_equal(&archive->identity, &question->identity) ||
        question->error.kind == ERROR_INTERRUPTED ||
        directory_is_kept(agent->directory, archive->name))
        return;
    if (question->error.kind != ERROR_NONE) {
        tell_unconfirmed(agent, archive, question->error.text, now_ms);
    } else if (directory_remove(agent->directory, archive->name, &archive->identity, &error)) {
        tell_unconfirmed(agent, archive, error.text, now_ms);
    } else {
        agent->metrics.counters[METRIC_DELETED]++;
        event_emit_archive(&agent->options->events, "deleted", archive,
                           json_pack("{s:s}", "reason", question->reason));
        archive_table_remove(&agent->table, archive);
    }
}

void agent_end_sweep(struct agent *agent, int64_t now_ms)
{
    size_t count;
    const struct question *answers = confirmation_answers(agent->confirmation, &count);

    for (size_t i = 0; i < count; i++)
        remove_confirmed(agent, &answers[i], now_ms);
    confirmation_free(agent->confirmation);
    agent->confirmation = NULL;
    /* There may have been more than can be asked about at once. */
    agent->retention_due_ms = 0;
}
