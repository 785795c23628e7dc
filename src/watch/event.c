// SPDX-License-Identifier: Apache-2.0
#include "watch/event.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

enum { EVENT_TEXT_MAX_BYTES = 4096 };

json_t *event_text(const char *text)
{
    cleanup_free char *shown = display_text(text, EVENT_TEXT_MAX_BYTES);

    return json_string(shown);
}

void event_emit(const struct event_writer *writer, const char *name, json_t *more)
{
    cleanup_free char *time = clock_format(clock_now_ns() / 1000000000);
    json_t *event = json_pack("{s:s, s:s}", "time", time, "event", name);

    if (more)
        json_object_update(event, more);
    writer->write(writer->context, event);
    json_decref(event);
    json_decref(more);
}

static void set(json_t *event, const char *key, const char *text)
{
    if (text)
        json_object_set_new(event, key, event_text(text));
}

void event_emit_archive(const struct event_writer *writer, const char *name,
                        const struct archive *archive, json_t *more)
{
    json_t *event = json_object();

    set(event, "archive", archive->name);
    set(event, "namespace", archive->pod_namespace);
    set(event, "pod", archive->pod);
    set(event, "container", archive->container);
    set(event, "reference", archive->reference);
    set(event, "digest", archive->digest);
    if (more)
        json_object_update(event, more);
    json_decref(more);
    event_emit(writer, name, event);
}

static void call_free(struct hook_call *call)
{
    if (!call)
        return;
    child_free(call->child);
    for (char **addition = call->additions; *addition; addition++)
        free(*addition);
    free(call->additions);
    free(call->archive);
    free(call);
}

void hooks_add(struct hooks *hooks, const char *what, const struct archive *archive,
               const char *path, const char *node)
{
    const struct {
        const char *name, *value;
    } variables[] = {
        {"EVENT", what},
        {"ARCHIVE", path},
        {"NODE", node},
        {"NAMESPACE", archive->pod_namespace},
        {"POD", archive->pod},
        {"CONTAINER", archive->container},
        {"REFERENCE", archive->reference},
        {"DIGEST", archive->digest},
        {"ERROR", archive->error_text},
    };
    struct hook_call *call;
    size_t count = 0;

    if (!hooks->argv)
        return;
    call = NEW(struct hook_call);
    call->archive = xstrdup(archive->name);
    call->additions = xcalloc(sizeof variables / sizeof *variables + 1, sizeof *call->additions);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        call->additions[count++] = xasprintf("CKPTOCI_%s=%s", variables[i].name,
                                             variables[i].value ? variables[i].value : "");
    if (hooks->last)
        hooks->last->next = call;
    else
        hooks->first = call;
    hooks->last = call;
}

bool hooks_are_idle(const struct hooks *hooks)
{
    for (int i = 0; i < HOOKS_AT_ONCE; i++)
        if (hooks->running[i])
            return false;
    return !hooks->first;
}

static int start(const struct hooks *hooks, struct hook_call *call, struct error *error)
{
    return child_start(&call->child,
                       &(struct child_options){.argv = hooks->argv,
                                               .environment = call->additions,
                                               .hidden_prefix = "CKPTOCI_",
                                               .timeout_ms = hooks->timeout_ms},
                       error);
}

static struct hook_call *take_first(struct hooks *hooks)
{
    struct hook_call *call = hooks->first;

    hooks->first = call->next;
    if (!hooks->first)
        hooks->last = NULL;
    return call;
}

static void fill_slot(struct hooks *hooks, struct hook_call **slot, hooks_ended *ended,
                      void *context)
{
    while (!*slot && hooks->first) {
        struct hook_call *call = take_first(hooks);
        struct error error = {0};

        if (start(hooks, call, &error)) {
            ended(context, call->archive, &error);
            call_free(call);
        } else {
            *slot = call;
        }
    }
}

int64_t hooks_work(struct hooks *hooks, int64_t now_ms, hooks_ended *ended, void *context)
{
    int64_t next_ms = INT64_MAX;

    for (int i = 0; i < HOOKS_AT_ONCE; i++) {
        struct hook_call **slot = &hooks->running[i];
        int64_t due_ms;

        fill_slot(hooks, slot, ended, context);
        due_ms = *slot ? child_kill_late((*slot)->child, now_ms) : INT64_MAX;
        if (due_ms < next_ms)
            next_ms = due_ms;
    }
    return next_ms;
}

void hooks_poll(const struct hooks *hooks, struct pollfd fds[HOOKS_POLL_FDS])
{
    for (int i = 0; i < HOOKS_POLL_FDS; i++)
        fds[i] = (struct pollfd){.fd = -1};
    for (int i = 0; i < HOOKS_AT_ONCE; i++)
        if (hooks->running[i])
            child_poll(hooks->running[i]->child, fds + i * CHILD_POLL_FDS);
}

static void judge(const struct hooks *hooks, const struct child *child, struct error *error)
{
    int status = child->wait_status;

    if (WIFSIGNALED(status) && child->was_late)
        error_set(error, ERROR_FAILED, "%s was killed; it may take %lld s", hooks->argv[0],
                  (long long)hooks->timeout_ms / 1000);
    else if (WIFSIGNALED(status))
        error_set(error, ERROR_FAILED, "%s was killed by signal %d", hooks->argv[0],
                  WTERMSIG(status));
    else if (WEXITSTATUS(status) == 127)
        error_set(error, ERROR_FAILED, "%s cannot be run", hooks->argv[0]);
    else if (WEXITSTATUS(status) != 0)
        error_set(error, ERROR_FAILED, "%s ended with exit status %d", hooks->argv[0],
                  WEXITSTATUS(status));
}

void hooks_serve(struct hooks *hooks, const struct pollfd fds[HOOKS_POLL_FDS], hooks_ended *ended,
                 void *context)
{
    for (int i = 0; i < HOOKS_AT_ONCE; i++) {
        struct hook_call *call = hooks->running[i];
        struct error error = {0};

        if (!call || fds[i * CHILD_POLL_FDS].fd < 0)
            continue;
        child_serve(call->child, fds + i * CHILD_POLL_FDS);
        if (!call->child->is_over)
            continue;
        judge(hooks, call->child, &error);
        ended(context, call->archive, &error);
        call_free(call);
        hooks->running[i] = NULL;
    }
}

void hooks_done(struct hooks *hooks)
{
    while (hooks->first)
        call_free(take_first(hooks));
    for (int i = 0; i < HOOKS_AT_ONCE; i++) {
        call_free(hooks->running[i]);
        hooks->running[i] = NULL;
    }
}
