// SPDX-License-Identifier: Apache-2.0
#include "watch/agent-parts.h"

#include "base/clock.h"
#include "base/memory.h"

enum { NS_PER_S = 1000000000 };

static void emit(const struct agent *agent, const char *name, const struct archive *archive)
{
    event_emit_archive(&agent->options->events, name, archive, NULL);
}

void agent_forget(struct agent *agent, struct archive *archive)
{
    if (archive->has_child) /* which will see for itself */
        return;
    if (archive->state == ARCHIVE_WAITING || archive->state == ARCHIVE_FAILED)
        emit(agent, "removed", archive);
    archive_table_remove(&agent->table, archive);
}

static void tell_skipped(const struct agent *agent, const char *name, const char *reason)
{
    event_emit(&agent->options->events, "skipped",
               json_pack("{s:o, s:s}", "file", event_text(name), "reason", reason));
}

static void see(struct agent *agent, const char *name, const struct archive_identity *identity,
                bool is_closed)
{
    struct archive *archive;
    bool is_growing;

    if (archive_table_add(&agent->table, name, &archive, &agent->failure))
        return;
    archive->is_present = true;
    is_growing = archive->identity.inode == identity->inode && archive->state == ARCHIVE_WAITING;
    if (schedule_seen(&agent->options->schedule, archive, identity, is_closed, clock_monotonic_ms(),
                      clock_now_ns()) &&
        !is_growing)
        emit(agent, "found", archive);
}

void agent_handle(void *context, enum directory_event event, const char *name)
{
    struct agent *agent = context;
    struct archive *archive = name ? archive_table_find(&agent->table, name) : NULL;
    struct archive_identity identity;
    const char *reason = NULL;

    if (event == DIRECTORY_OVERFLOW) {
        agent->metrics.counters[METRIC_OVERFLOWS]++;
        agent->scan_due_ms = 0;
        event_emit(&agent->options->events, "overflow", NULL);
        return;
    }
    switch (directory_look(agent->directory, name, &identity, &reason)) {
    case ENTRY_ARCHIVE:
        see(agent, name, &identity, event == DIRECTORY_ARRIVED || event == DIRECTORY_CLOSED);
        return;
    case ENTRY_OTHER:
        if (reason && event != DIRECTORY_CLOSED && event != DIRECTORY_LEFT)
            tell_skipped(agent, name, reason);
        break;
    case ENTRY_UNKNOWN:
        /* What is known of it is kept. */
        if (archive)
            archive->is_present = true;
        else
            tell_skipped(agent, name, reason);
        return;
    case ENTRY_GONE:
        break;
    }
    if (archive)
        agent_forget(agent, archive);
}

/* In a later scan only archives count: what else is there has been reported. */
static void handle_scanned(void *context, enum directory_event event, const char *name)
{
    struct agent *agent = context;
    struct archive *archive;
    struct archive_identity identity;
    enum directory_entry entry;
    const char *reason;

    if (agent->is_scanning) {
        agent_handle(context, event, name);
        return;
    }
    entry = directory_look(agent->directory, name, &identity, &reason);
    if (entry == ENTRY_ARCHIVE)
        see(agent, name, &identity, false);
    else if (entry == ENTRY_UNKNOWN && (archive = archive_table_find(&agent->table, name)))
        archive->is_present = true;
}

static void forget_absent(struct agent *agent)
{
    for (size_t i = agent->table.count; i > 0; i--)
        if (!agent->table.archives[i - 1]->is_present)
            agent_forget(agent, agent->table.archives[i - 1]);
}

int agent_scan(struct agent *agent, struct error *error)
{
    int64_t now_ms = clock_monotonic_ms();

    agent->scan_due_ms = agent->options->once ? INT64_MAX : now_ms + agent->options->rescan_ms;
    for (size_t i = 0; i < agent->table.count; i++)
        agent->table.archives[i]->is_present = false;
    if (directory_scan(agent->directory, handle_scanned, agent, error))
        return -1;
    forget_absent(agent);
    for (size_t i = 0; i < agent->table.count; i++)
        schedule_again(agent->table.archives[i], now_ms);
    if (agent->is_scanning || journal_is_wasteful(agent->journal, &agent->table))
        return journal_compact(agent->journal, &agent->table, error);
    return 0;
}

bool agent_is_same(struct agent *agent, struct archive *archive)
{
    struct archive_identity identity;
    const char *reason;
    enum directory_entry entry =
        directory_look(agent->directory, archive->name, &identity, &reason);

    if (entry == ENTRY_UNKNOWN)
        return true;
    if (entry != ENTRY_ARCHIVE) {
        agent_forget(agent, archive);
        return false;
    }
    if (archive_identity_equal(&identity, &archive->identity))
        return true;
    see(agent, archive->name, &identity, false);
    return false;
}

static void look_for_keep(struct agent *agent)
{
    for (size_t i = 0; i < agent->table.count; i++) {
        struct archive *archive = agent->table.archives[i];

        archive->is_kept =
            archive->state == ARCHIVE_PUSHED && directory_is_kept(agent->directory, archive->name);
    }
}

/* Leaves only those that the registry can be asked about now; *due_ms becomes the time of the next
 * one, if that is earlier. */
static size_t drop_early(struct candidate *candidates, size_t count, int64_t now_ms,
                         int64_t *due_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < count && kept < CONFIRMATION_MAX_QUESTIONS; i++) {
        int64_t from_ms = candidates[i].archive->confirm_from_ms;

        if (from_ms <= now_ms)
            candidates[kept++] = candidates[i];
        else if (from_ms < *due_ms)
            *due_ms = from_ms;
    }
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
    count = drop_early(candidates, count, now_ms, &agent->retention_due_ms);
    if (count == 0)
        return;
    agent->has_swept = false;
    agent->confirmation = confirmation_start(candidates, count, &options->registry, agent->cancel);
}

/* A registry that could not say what it has is soon asked again; one that has another image, or
 * none, will not have the right one so soon. */
static int64_t ask_again_ms(struct archive *archive, const struct error *error)
{
    static const struct backoff backoff = {.delay_ms = AGENT_ASK_AGAIN_MS};

    if (error->kind == ERROR_IMAGE || error->http_status == 404) {
        archive->unanswered = 0;
        return AGENT_CONFIRM_AGAIN_MS;
    }
    return backoff_delay_ms(&backoff, ++archive->unanswered);
}

static void tell_unconfirmed(struct agent *agent, struct archive *archive,
                             const struct error *error, int64_t delay_ms, int64_t now_ms)
{
    agent->metrics.counters[METRIC_UNCONFIRMED]++;
    archive->confirm_from_ms = now_ms + delay_ms;
    event_emit_archive(&agent->options->events, "unconfirmed", archive,
                       json_pack("{s:s, s:f}", "error", error->text, "wait_seconds",
                                 (double)delay_ms / 1000));
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
        tell_unconfirmed(agent, archive, &question->error, ask_again_ms(archive, &question->error),
                         now_ms);
    } else if (directory_remove(agent->directory, archive->name, &archive->identity, &error)) {
        tell_unconfirmed(agent, archive, &error, AGENT_CONFIRM_AGAIN_MS, now_ms);
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
    /* There may be more than were asked about at once. */
    agent->retention_due_ms = 0;
}
