// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "watch/agent-parts.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/clock.h"
#include "base/memory.h"

enum {
    POLL_CANCEL,
    POLL_DIRECTORY,
    POLL_SERVER,
    POLL_CONFIRMATION,
    POLL_HOOKS,
    POLL_JOBS = POLL_HOOKS + HOOKS_POLL_FDS,
    POLL_COUNT = POLL_JOBS + AGENT_MAX_JOBS * CHILD_POLL_FDS,
    NS_PER_S = 1000000000,
};

/* Tells systemd (sd_notify(3)), if it has started us and we were built with its library. */
static void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
    sd_notify(0, state);
#else
    (void)state;
#endif
}

/* How often systemd wants to hear from us: half of the time after which it restarts us. 0: never.
 */
static int64_t watchdog_interval_ms(void)
{
#ifdef HAVE_SYSTEMD
    uint64_t us = 0;

    if (sd_watchdog_enabled(0, &us) > 0)
        return us > 2000 ? (int64_t)(us / 2000) : 1;
#endif
    return 0;
}

static void agent_done(struct agent *agent)
{
    for (int i = 0; i < AGENT_MAX_JOBS; i++)
        conversion_free(agent->jobs[i]);
    hooks_done(&agent->hooks);
    confirmation_free(agent->confirmation);
    metrics_server_free(agent->server);
    archive_table_done(&agent->table);
    journal_free(agent->journal);
    directory_free(agent->directory);
}

static char *format_metrics(void *context)
{
    const struct agent *agent = context;

    return metrics_format(&agent->metrics, &agent->table, clock_monotonic_ms());
}

static int start_server(struct agent *agent, struct error *error)
{
    if (!agent->options->metrics_address)
        return 0;
    return metrics_server_start(&agent->server,
                                &(struct metrics_server_options){agent->options->metrics_address,
                                                                 format_metrics, agent},
                                error);
}

static void tell_started(const struct agent *agent)
{
    const struct agent_options *options = agent->options;

    event_emit(&options->events, "started",
               json_pack("{s:o, s:o, s:o, s:i, s:s*}", "directory", event_text(options->directory),
                         "template", event_text(options->template), "node",
                         event_text(options->node), "known", (int)agent->table.count, "metrics",
                         agent->server ? metrics_server_address(agent->server) : NULL));
}

static int begin(struct agent *agent, struct error *error)
{
    const struct agent_options *options = agent->options;

    if (directory_open(&agent->directory, options->directory, error) ||
        journal_open(&agent->journal, options->state_directory, options->directory, agent->cancel,
                     error) ||
        journal_load(agent->journal, &agent->table, error) || start_server(agent, error))
        return -1;
    agent->metrics.started_s = clock_now_ns() / NS_PER_S;
    tell_started(agent);
    agent->is_scanning = true;
    if (agent_scan(agent, error))
        return -1;
    agent->is_scanning = false;
    notify("READY=1");
    return 0;
}

static bool has_jobs(const struct agent *agent)
{
    for (int i = 0; i < AGENT_MAX_JOBS; i++)
        if (agent->jobs[i])
            return true;
    return false;
}

static void signal_jobs(const struct agent *agent, int signal)
{
    for (int i = 0; i < AGENT_MAX_JOBS; i++)
        if (agent->jobs[i])
            child_signal(agent->jobs[i]->child, signal);
}

static int count_jobs(const struct agent *agent)
{
    int count = 0;

    for (int i = 0; i < AGENT_MAX_JOBS; i++)
        count += agent->jobs[i] != NULL;
    return count;
}

/* Nothing new is begun from now on. */
static void stop(struct agent *agent, int64_t now_ms)
{
    bool drains = agent->options->drains && agent->failure.kind == ERROR_NONE;

    agent->is_stopping = true;
    agent->is_interrupting = !drains;
    agent->stop_due_ms = drains ? INT64_MAX : now_ms + AGENT_STOP_MS;
    notify("STOPPING=1");
    event_emit(&agent->options->events, "stopping",
               json_pack("{s:i, s:i}", "converting", count_jobs(agent), "waiting",
                         (int)archive_table_count(&agent->table, ARCHIVE_WAITING)));
    if (!drains)
        signal_jobs(agent, SIGINT); /* SIGTERM may be deferred, by --deadline */
}

static bool is_done(const struct agent *agent)
{
    if (has_jobs(agent) || !hooks_are_idle(&agent->hooks))
        return false;
    return agent->is_stopping || (agent->options->once && !agent->confirmation &&
                                  agent->has_swept && agent->retention_due_ms > 0 &&
                                  archive_table_count(&agent->table, ARCHIVE_WAITING) == 0);
}

/* What is due by now is done. */
static void work(struct agent *agent, int64_t now_ms)
{
    struct error error = {0};

    if (now_ms >= agent->check_due_ms) {
        agent->check_due_ms = now_ms + AGENT_CHECK_MS;
        if (directory_check(agent->directory, &error))
            agent->failure = error;
    }
    if (now_ms >= agent->scan_due_ms && agent_scan(agent, &error))
        agent->failure = error;
    if (agent->failure.kind != ERROR_NONE)
        return;
    agent_start_jobs(agent, now_ms);
    if (!agent->confirmation && now_ms >= agent->retention_due_ms)
        agent_start_sweep(agent, now_ms);
}

static void earliest(int64_t *due_ms, int64_t other_ms)
{
    if (other_ms < *due_ms)
        *due_ms = other_ms;
}

/* Starts and ends what depends on time alone. When something is to be done next, monotonic, should
 * nothing happen before. */
static int64_t next_due_ms(struct agent *agent, int64_t now_ms)
{
    bool has_free_job = count_jobs(agent) < (int)agent->options->jobs;
    int64_t due_ms = hooks_work(&agent->hooks, now_ms, agent_hook_ended, agent);

    for (int i = 0; i < AGENT_MAX_JOBS; i++)
        if (agent->jobs[i])
            earliest(&due_ms, child_kill_late(agent->jobs[i]->child, now_ms));
    if (agent->watchdog_due_ms)
        earliest(&due_ms, agent->watchdog_due_ms);
    if (agent->is_stopping) {
        earliest(&due_ms, agent->stop_due_ms);
        return due_ms;
    }
    earliest(&due_ms, agent->check_due_ms);
    earliest(&due_ms, agent->scan_due_ms);
    if (!agent->confirmation)
        earliest(&due_ms, agent->retention_due_ms);
    for (size_t i = 0; has_free_job && i < agent->table.count; i++)
        if (agent->table.archives[i]->state == ARCHIVE_WAITING &&
            !agent->table.archives[i]->has_child)
            earliest(&due_ms, agent->table.archives[i]->due_ms);
    return due_ms;
}

static int timeout_until(const struct agent *agent, int64_t due_ms, int64_t now_ms)
{
    int64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    int server_ms = agent->server ? metrics_server_timeout_ms(agent->server) : -1;

    if (server_ms >= 0)
        earliest(&wait_ms, server_ms);
    return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

static void fill_poll(const struct agent *agent, struct pollfd *fds)
{
    for (int i = 0; i < POLL_COUNT; i++)
        fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    if (!agent->is_stopping) {
        fds[POLL_CANCEL].fd = cancel_fd(agent->cancel);
        fds[POLL_DIRECTORY].fd = directory_fd(agent->directory);
    }
    if (agent->server)
        fds[POLL_SERVER].fd = metrics_server_fd(agent->server);
    if (agent->confirmation)
        fds[POLL_CONFIRMATION].fd = confirmation_fd(agent->confirmation);
    hooks_poll(&agent->hooks, fds + POLL_HOOKS);
    for (int i = 0; i < AGENT_MAX_JOBS; i++)
        if (agent->jobs[i])
            child_poll(agent->jobs[i]->child, fds + POLL_JOBS + i * CHILD_POLL_FDS);
}

static void serve(struct agent *agent, const struct pollfd *fds)
{
    /* First: what a child has been told of a file is judged by what the file is now. */
    if (fds[POLL_DIRECTORY].revents && agent->failure.kind == ERROR_NONE)
        directory_serve(agent->directory, agent_handle, agent, &agent->failure);
    for (int i = 0; i < AGENT_MAX_JOBS; i++) {
        const struct pollfd *own = fds + POLL_JOBS + i * CHILD_POLL_FDS;

        if (!agent->jobs[i] || own->fd < 0)
            continue;
        child_serve(agent->jobs[i]->child, own);
        if (agent->jobs[i]->child->is_over)
            agent_end_job(agent, &agent->jobs[i]);
    }
    hooks_serve(&agent->hooks, fds + POLL_HOOKS, agent_hook_ended, agent);
    if (fds[POLL_CONFIRMATION].revents)
        agent_end_sweep(agent, clock_monotonic_ms());
    if (agent->server)
        metrics_server_serve(agent->server);
}

static void feed_watchdog(struct agent *agent, int64_t now_ms)
{
    int64_t interval_ms = watchdog_interval_ms();

    if (interval_ms == 0 || now_ms < agent->watchdog_due_ms)
        return;
    agent->watchdog_due_ms = now_ms + interval_ms;
    notify("WATCHDOG=1");
}

static void end_late(struct agent *agent, int64_t now_ms)
{
    if (!agent->is_stopping || now_ms < agent->stop_due_ms)
        return;
    signal_jobs(agent, SIGKILL);
    hooks_done(&agent->hooks);
    agent->stop_due_ms = INT64_MAX;
}

static void loop(struct agent *agent)
{
    struct pollfd fds[POLL_COUNT];

    for (;;) {
        int64_t now_ms = clock_monotonic_ms(), due_ms;

        feed_watchdog(agent, now_ms);
        if (!agent->is_stopping && agent->failure.kind == ERROR_NONE)
            work(agent, now_ms);
        if (!agent->is_stopping &&
            (cancel_triggered(agent->cancel) || agent->failure.kind != ERROR_NONE))
            stop(agent, now_ms);
        end_late(agent, now_ms);
        due_ms = next_due_ms(agent, now_ms);
        if (is_done(agent))
            break;
        fill_poll(agent, fds);
        if (poll(fds, POLL_COUNT, timeout_until(agent, due_ms, now_ms)) >= 0)
            serve(agent, fds);
    }
}

static void finish(struct agent *agent)
{
    struct error error = {0};

    if (agent->failure.kind == ERROR_NONE && journal_compact(agent->journal, &agent->table, &error))
        agent->failure = error;
    event_emit(&agent->options->events, "stopped",
               json_pack("{s:i, s:i, s:i}", "pushed", (int)agent->result.pushed, "refused",
                         (int)agent->result.refused, "failed", (int)agent->result.failed));
}

int agent_run(const struct agent_options *options, struct agent_result *result,
              struct cancel *cancel, struct error *error)
{
    cleanup(agent_done) struct agent agent = {
        .options = options,
        .conversion_options = {.directory = options->directory,
                               .template = options->template,
                               .node = options->node,
                               .convert_options = options->convert_options,
                               .timeout_ms = options->job_timeout_ms},
        .cancel = cancel,
        .hooks = {.argv = options->hook, .timeout_ms = options->hook_timeout_ms},
    };

    if (begin(&agent, error))
        return -1;
    loop(&agent);
    finish(&agent);
    agent.result.was_interrupted = cancel_triggered(cancel);
    cancel_trigger(cancel); /* what registries are still being asked is of no use any more */
    *result = agent.result;
    if (agent.failure.kind == ERROR_NONE)
        return 0;
    *error = agent.failure;
    return -1;
}
