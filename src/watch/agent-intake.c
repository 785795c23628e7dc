// SPDX-License-Identifier: Apache-2.0
#include "watch/agent-parts.h"

#include "base/clock.h"

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

/* Of a later scan only archives count: the rest has been told. */
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
