// SPDX-License-Identifier: Apache-2.0
#include "watch/agent-parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

enum { NS_PER_S = 1000000000 };

static void record(struct agent *agent, struct archive *archive)
{
    archive->recorded_s = clock_now_ns() / NS_PER_S;
    if (agent->failure.kind == ERROR_NONE)
        journal_append(agent->journal, archive, &agent->failure);
}

static void call_hook(struct agent *agent, const char *what, const struct archive *archive)
{
    const struct agent_options *options = agent->options;
    cleanup_free char *path = xasprintf("%s/%s", options->directory, archive->name);

    hooks_add(&agent->hooks, what, archive, path, options->node);
}

/* What has become of an archive for good, or until the next scan. */
static void conclude(struct agent *agent, struct archive *archive, const char *what, json_t *more)
{
    record(agent, archive);
    if (agent->failure.kind != ERROR_NONE) {
        json_decref(more);
        return;
    }
    event_emit_archive(&agent->options->events, what, archive, more);
    call_hook(agent, what, archive);
}

static void count_push(struct agent *agent, const struct archive_identity *identity,
                       const struct outcome *outcome, int64_t took_ms)
{
    struct metrics *metrics = &agent->metrics;

    agent->result.pushed++;
    metrics->counters[METRIC_PUSHED]++;
    metrics->counters[METRIC_UNCHANGED] += outcome->was_there;
    metrics->counters[METRIC_PUSHED_BYTES] += (uint64_t)identity->size;
    metrics->push_ms += took_ms;
    metrics->last_pushed_s = clock_now_ns() / NS_PER_S;
}

static json_t *describe_push(const struct conversion *job, const struct outcome *outcome,
                             int64_t took_ms)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:f, s:i}", "reference", job->reference, "digest",
                     outcome->digest.text, "status", outcome->was_there ? "unchanged" : "pushed",
                     "size", (json_int_t)job->identity.size, "seconds", (double)took_ms / 1000,
                     "warnings", (int)outcome->findings);
}

static json_t *describe_failure(const struct archive *archive)
{
    return json_pack("{s:s, s:i}", "error", archive->error_text ? archive->error_text : "",
                     "attempts", (int)archive->failures);
}

static json_t *describe_wait(const struct archive *archive, int64_t now_ms)
{
    json_t *more = describe_failure(archive);

    json_object_set_new(more, "wait_seconds", json_real((double)(archive->due_ms - now_ms) / 1000));
    return more;
}

static void act_on(struct agent *agent, const struct conversion *job, const struct outcome *outcome,
                   int64_t now_ms)
{
    const struct event_writer *events = &agent->options->events;
    struct archive *archive = job->archive;
    int64_t took_ms = now_ms - job->started_ms;
    uint64_t *counters = agent->metrics.counters;

    counters[METRIC_CRASHES] += outcome->kind == OUTCOME_CRASHED;
    switch (schedule_judge(&agent->options->schedule, archive, outcome, now_ms)) {
    case JUDGED_PUSHED:
        count_push(agent, &job->identity, outcome, took_ms);
        conclude(agent, archive, "pushed", describe_push(job, outcome, took_ms));
        agent->retention_due_ms = 0;
        break;
    case JUDGED_INCOMPLETE:
        event_emit_archive(events, "incomplete", archive, describe_wait(archive, now_ms));
        break;
    case JUDGED_RETRY:
        counters[METRIC_RETRIES]++;
        event_emit_archive(events, "retry", archive, describe_wait(archive, now_ms));
        break;
    case JUDGED_REFUSED:
        agent->result.refused++;
        counters[METRIC_REFUSED]++;
        conclude(agent, archive, "refused", describe_failure(archive));
        break;
    case JUDGED_FAILED:
        agent->result.failed++;
        counters[METRIC_FAILED]++;
        conclude(agent, archive, "failed", describe_failure(archive));
        break;
    case JUDGED_STOPPED:
        break;
    }
}

/* The file is another one now, or gone; what became of the image is told nevertheless. */
static void tell_of_lost(struct agent *agent, const struct conversion *job,
                         const struct outcome *outcome, int64_t took_ms)
{
    if (outcome->kind != OUTCOME_DONE)
        return;
    if (archive_identity_equal(&job->archive->identity, &job->identity))
        job->archive->state = ARCHIVE_PUSHED; /* so that it is not missed */
    count_push(agent, &job->identity, outcome, took_ms);
    event_emit_archive(&agent->options->events, "pushed", job->archive,
                       describe_push(job, outcome, took_ms));
}

/* Asked to stop, what ends any other way than well has not failed. */
static void adjust(const struct agent *agent, struct outcome *outcome)
{
    if (agent->is_stopping && outcome->kind != OUTCOME_DONE)
        outcome->kind = OUTCOME_INTERRUPTED;
    else if (outcome->kind == OUTCOME_INTERRUPTED)
        outcome->kind = OUTCOME_FAILED;
}

static void settle(struct agent *agent, const struct conversion *job, struct outcome *outcome)
{
    struct archive *archive = job->archive;
    int64_t now_ms = clock_monotonic_ms();

    archive->has_child = false;
    if (archive->state == ARCHIVE_CONVERTING)
        archive->state = ARCHIVE_WAITING;
    adjust(agent, outcome);
    if (archive_identity_equal(&archive->identity, &job->identity)) {
        archive->has_child = true; /* so that it stays while it is looked at */
        if (agent_is_same(agent, archive)) {
            archive->has_child = false;
            act_on(agent, job, outcome, now_ms);
            return;
        }
        archive->has_child = false;
    }
    tell_of_lost(agent, job, outcome, now_ms - job->started_ms);
    agent_is_same(agent, archive);
}

static void relay_errors(const struct agent *agent, const struct child *child)
{
    cleanup_free char *text =
        xstrndup(child->errors.data ? child->errors.data : "", child->errors.len);
    char *rest = text, *line;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            agent->options->relay(line);
}

/* Between the two children: nothing is to be pushed any more, or another file is there now, which
 * gets a reference of its own. */
static bool is_pointless(struct agent *agent, const struct conversion *job)
{
    if (job->has_begun_to_push)
        return false;
    return agent->is_interrupting ||
           !archive_identity_equal(&job->archive->identity, &job->identity) ||
           !agent_is_same(agent, job->archive);
}

void agent_end_job(struct agent *agent, struct conversion **slot)
{
    cleanup(conversion_freep) struct conversion *job = NULL;
    struct outcome outcome = {.kind = OUTCOME_INTERRUPTED};

    relay_errors(agent, (*slot)->child);
    if (!is_pointless(agent, *slot) && !conversion_advance(*slot, &outcome)) {
        event_emit_archive(&agent->options->events, "converting", (*slot)->archive, NULL);
        return;
    }
    job = *slot;
    *slot = NULL;
    settle(agent, job, &outcome);
}

static void begin(struct agent *agent, struct archive *archive, struct conversion **slot,
                  int64_t now_ms)
{
    struct outcome outcome = {.kind = OUTCOME_FAILED};
    struct error error = {0};
    struct conversion stillborn = {.archive = archive,
                                   .identity = archive->identity,
                                   .started_ms = now_ms};
    int fd = directory_open_file(agent->directory, archive->name, &archive->identity, &error);

    if (fd >= 0 && (*slot = conversion_start(&agent->conversion_options, archive, fd, &error))) {
        archive->state = ARCHIVE_CONVERTING;
        archive->has_child = true;
        return;
    }
    snprintf(outcome.text, sizeof outcome.text, "%s", error.text);
    act_on(agent, &stillborn, &outcome, now_ms);
}

/* The one that has waited longest. */
static struct archive *find_due(const struct agent *agent, int64_t now_ms)
{
    struct archive *found = NULL;

    for (size_t i = 0; i < agent->table.count; i++) {
        struct archive *archive = agent->table.archives[i];

        if (archive->state == ARCHIVE_WAITING && !archive->has_child && archive->due_ms <= now_ms &&
            (!found || archive->due_ms < found->due_ms))
            found = archive;
    }
    return found;
}

void agent_start_jobs(struct agent *agent, int64_t now_ms)
{
    for (unsigned i = 0; i < agent->options->jobs; i++) {
        struct archive *archive;

        while (!agent->jobs[i] && (archive = find_due(agent, now_ms)))
            if (agent_is_same(agent, archive))
                begin(agent, archive, &agent->jobs[i], now_ms);
    }
}

void agent_hook_ended(void *context, const char *archive, const struct error *error)
{
    struct agent *agent = context;

    if (error->kind == ERROR_NONE)
        return;
    agent->metrics.counters[METRIC_HOOK_FAILURES]++;
    event_emit(&agent->options->events, "hook-failed",
               json_pack("{s:o, s:s}", "archive", event_text(archive), "error", error->text));
}
