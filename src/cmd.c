// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "progress-view.h"
#include "registry/registry.h"

struct signal_thread {
    sigset_t signals;
    struct cancel *cancel;
    struct timespec deadline; /* that a SIGTERM is deferred to; on the monotonic clock */
};

/* As sigwait(), until the deadline; 0: it has passed. */
static int wait_until_deadline(const struct signal_thread *thread)
{
    struct timespec now, left;
    int signal;

    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        left.tv_sec = thread->deadline.tv_sec - now.tv_sec;
        left.tv_nsec = thread->deadline.tv_nsec - now.tv_nsec;
        if (left.tv_nsec < 0) {
            left.tv_sec--;
            left.tv_nsec += 1000000000L;
        }
        if (left.tv_sec < 0)
            return 0;
        signal = sigtimedwait(&thread->signals, NULL, &left);
    } while (signal < 0 && errno == EINTR);
    return signal > 0 ? signal : 0;
}

static bool is_before_deadline(const struct signal_thread *thread)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < thread->deadline.tv_sec;
}

static void *wait_for_signals(void *argument)
{
    struct signal_thread *thread = argument;
    int signal;

    sandbox_seal_thread();
    sigwait(&thread->signals, &signal);
    if (signal == SIGTERM && is_before_deadline(thread)) {
        log_warning("told to end: going on until the deadline; a second signal interrupts");
        wait_until_deadline(thread);
    }
    cancel_trigger(thread->cancel);
    sigwait(&thread->signals, &signal);
    _exit(130);
}

static void cancel_on_signals(struct cancel *cancel, int deadline_s)
{
    static struct signal_thread thread;
    pthread_t id;

    thread.cancel = cancel;
    clock_gettime(CLOCK_MONOTONIC, &thread.deadline);
    thread.deadline.tv_sec += deadline_s;
    sigemptyset(&thread.signals);
    sigaddset(&thread.signals, SIGINT);
    sigaddset(&thread.signals, SIGTERM);
    sigaddset(&thread.signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &thread.signals, NULL);
    if (pthread_create(&id, NULL, wait_for_signals, &thread) != 0)
        abort();
    pthread_detach(id);
}

struct cancel *cmd_start_with_deadline(int seconds, struct error *error)
{
    struct cancel *cancel = cancel_new();

    log_set_writer(progress_view_warn);
    cancel_on_signals(cancel, seconds);
    return registry_global_init(error) < 0 ? NULL : cancel;
}

struct cancel *cmd_start(struct error *error)
{
    return cmd_start_with_deadline(0, error);
}

int cmd_fail(const struct error *error)
{
    fprintf(stderr, "ckptoci: %s\n", error->text);
    return error_exit_status(error);
}

void cmd_fail_first(int *status, const struct error *error)
{
    if (error->kind == ERROR_NONE)
        return;
    if (*status == EXIT_SUCCESS)
        *status = error_exit_status(error);
    cmd_fail(error);
}

void cmd_print_json(json_t *report)
{
    json_dumpf(report, stdout,
               JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(report);
}

int cmd_flush(void)
{
    struct error error;

    if (fflush(stdout) == 0)
        return EXIT_SUCCESS;
    error_set_errno(&error, errno, "write the result to standard output");
    return cmd_fail(&error);
}
