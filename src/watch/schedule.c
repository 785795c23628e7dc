// SPDX-License-Identifier: Apache-2.0
#include "watch/schedule.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/kube-name.h"
#include "base/memory.h"
#include "base/text.h"

/* As ckptoci(1) has them. */
enum {
    STATUS_DONE = 0,
    STATUS_USAGE = 2,
    STATUS_REFUSED = 3,
    STATUS_INTERRUPTED = 130,
};

static void set_text(struct outcome *outcome, const char *text)
{
    cleanup_free char *shown = display_text(text, sizeof outcome->text - 4);

    snprintf(outcome->text, sizeof outcome->text, "%s", shown);
}

/* The last line of standard error that is a message of the program. */
static void set_last_message(struct outcome *outcome, const struct buffer *errors)
{
    static const char prefix[] = "ckptoci: ";
    cleanup_free char *text = xstrndup(errors->data ? errors->data : "", errors->len);
    const char *last = NULL;

    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, prefix, sizeof prefix - 1) == 0)
            last = line + sizeof prefix - 1;
    }
    if (last)
        text[last - text + (ptrdiff_t)strcspn(last, "\n")] = '\0';
    set_text(outcome, last ? last : "it ended without a message");
}

static void judge_end(struct outcome *outcome, const struct child *child)
{
    int status = child->wait_status;

    if (WIFSIGNALED(status) && child->was_late) {
        outcome->kind = OUTCOME_CRASHED;
        set_text(outcome, "the child was not done in time and was killed");
        return;
    }
    if (WIFSIGNALED(status)) {
        outcome->kind = WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT
                            ? OUTCOME_INTERRUPTED
                            : OUTCOME_CRASHED;
        snprintf(outcome->text, sizeof outcome->text, "the child was killed by signal %d (%s)",
                 WTERMSIG(status), sigabbrev_np(WTERMSIG(status)) ?: "unknown");
        return;
    }
    set_last_message(outcome, &child->errors);
    switch (WEXITSTATUS(status)) {
    case STATUS_DONE:
        outcome->kind = OUTCOME_DONE;
        break;
    case STATUS_USAGE:
        outcome->kind = OUTCOME_IMPOSSIBLE;
        break;
    case STATUS_REFUSED:
        outcome->kind = OUTCOME_REFUSED;
        break;
    case STATUS_INTERRUPTED:
        outcome->kind = OUTCOME_INTERRUPTED;
        break;
    default:
        outcome->kind = OUTCOME_FAILED;
    }
}

static void cannot_read(struct outcome *outcome)
{
    outcome->kind = OUTCOME_FAILED;
    set_text(outcome, "what the child has printed cannot be read");
}

static void refuse(struct outcome *outcome, const char *text)
{
    outcome->kind = OUTCOME_REFUSED;
    set_text(outcome, text);
}

/* What an engine of pods writes has names that Kubernetes takes. Podman's containers are in none,
 * and may be called as they like: only not so long that the state grows by them. */
static bool has_good_names(const struct container_identity *what)
{
    if (!what->pod && !what->pod_namespace)
        return !what->container || strlen(what->container) <= DNS_SUBDOMAIN_MAX_LEN;
    return (!what->pod || dns_is_subdomain(what->pod)) &&
           (!what->pod_namespace || dns_is_label(what->pod_namespace)) &&
           (!what->container || dns_is_label(what->container));
}

static const char *told(const char *text)
{
    return text ? text : "(not told)";
}

/* Whose the archive is, by the kubelet's word, which is the file's name, and by its own: they must
 * agree, or it would get among another one's. */
static void take_names(struct outcome *outcome, struct archive *archive, const json_t *entry)
{
    const struct container_identity what = {json_get_text(entry, "namespace"),
                                            json_get_text(entry, "pod"),
                                            json_get_text(entry, "container")};
    cleanup_free char *names =
        xasprintf("container %.300s of pod %.300s in %.300s", told(what.container), told(what.pod),
                  told(what.pod_namespace));
    cleanup_free char *text = NULL;

    if (!has_good_names(&what))
        text =
            xasprintf("it says that it is of %s, which are no names that Kubernetes takes", names);
    else if (!kubelet_file_may_hold(archive->name, &what))
        text =
            xasprintf("it says that it is of %s, and its file's name says something else", names);
    if (text) {
        refuse(outcome, text);
        return;
    }
    archive_set_text(&archive->pod_namespace, what.pod_namespace);
    archive_set_text(&archive->pod, what.pod);
    archive_set_text(&archive->container, what.container);
    archive->time_s = clock_parse(json_get_text(entry, "checkpointed"));
    outcome->text[0] = '\0';
}

void outcome_of_list(struct outcome *outcome, const struct child *child, struct archive *archive)
{
    json_t *list;
    const json_t *entry;

    *outcome = (struct outcome){0};
    judge_end(outcome, child);
    if (outcome->kind != OUTCOME_DONE)
        return;
    list = json_parse(child->output.data, child->output.len, NULL);
    entry = json_array_get(list, 0);
    if (json_get_text(entry, "error"))
        refuse(outcome, json_get_text(entry, "error"));
    else if (entry)
        take_names(outcome, archive, entry);
    else if (child->output.len == child->output.max)
        refuse(outcome, "it says more of itself than an archive has to say");
    else
        cannot_read(outcome);
    json_decref(list);
}

void outcome_of_convert(struct outcome *outcome, const struct child *child)
{
    const json_t *image;
    json_t *report;

    *outcome = (struct outcome){0};
    judge_end(outcome, child);
    report = json_parse(child->output.data, child->output.len, NULL);
    image = json_array_get(json_object_get(report, "images"), 0);
    outcome->findings = (unsigned)json_array_size(json_object_get(report, "findings"));
    if (outcome->kind != OUTCOME_DONE) {
        if (json_get_text(image, "error"))
            set_text(outcome, json_get_text(image, "error"));
        else if (json_get_text(report, "error"))
            set_text(outcome, json_get_text(report, "error"));
    } else if (!json_get_text(image, "digest") ||
               digest_parse(&outcome->digest, json_get_text(image, "digest"))) {
        cannot_read(outcome);
    } else {
        outcome->was_there = json_text_is(image, "status", "unchanged");
        outcome->text[0] = '\0';
    }
    json_decref(report);
}

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
    archive->unanswered = 0;
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

static enum judgement wait_until(struct archive *archive, int64_t due_ms, enum judgement judgement)
{
    archive->state = ARCHIVE_WAITING;
    archive->due_ms = due_ms;
    return judgement;
}

static enum judgement end_with(struct archive *archive, enum archive_state state,
                               enum judgement judgement)
{
    archive->state = state;
    return judgement;
}

static enum judgement fail(const struct schedule *schedule, struct archive *archive, bool crashed,
                           int64_t now_ms)
{
    archive->failures++;
    archive->crashes += crashed;
    if (archive->failures > schedule->attempts.times || archive->crashes >= SCHEDULE_MAX_CRASHES)
        return end_with(archive, ARCHIVE_FAILED, JUDGED_FAILED);
    return wait_until(archive, now_ms + backoff_delay_ms(&schedule->attempts, archive->failures),
                      JUDGED_RETRY);
}

enum judgement schedule_judge(const struct schedule *schedule, struct archive *archive,
                              const struct outcome *outcome, int64_t now_ms)
{
    archive_set_text(&archive->error_text, *outcome->text ? outcome->text : NULL);
    switch (outcome->kind) {
    case OUTCOME_DONE:
        archive_set_text(&archive->digest, outcome->digest.text);
        return end_with(archive, ARCHIVE_PUSHED, JUDGED_PUSHED);
    case OUTCOME_REFUSED:
        archive->was_incomplete = true;
        if (now_ms - archive->changed_ms < schedule->incomplete_ms)
            return wait_until(archive, archive->changed_ms + schedule->incomplete_ms,
                              JUDGED_INCOMPLETE);
        return end_with(archive, ARCHIVE_REFUSED, JUDGED_REFUSED);
    case OUTCOME_IMPOSSIBLE:
        return end_with(archive, ARCHIVE_FAILED, JUDGED_FAILED);
    case OUTCOME_INTERRUPTED:
        return wait_until(archive, now_ms, JUDGED_STOPPED);
    case OUTCOME_FAILED:
    case OUTCOME_CRASHED:
        break;
    }
    return fail(schedule, archive, outcome->kind == OUTCOME_CRASHED, now_ms);
}
