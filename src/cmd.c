// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "progress-view.h"
#include "registry/registry.h"

struct signal_thread {
    sigset_t signals;
    struct cancel *cancel;
    int64_t deadline_ms; /* that a SIGTERM is deferred to; on the monotonic clock */
};

/* Until another signal comes, or the deadline. */
static void wait_until_deadline(const struct signal_thread *thread)
{
    struct timespec left;
    int64_t left_ms;

    do {
        left_ms = thread->deadline_ms - clock_monotonic_ms();
        left = (struct timespec){.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
    } while (left_ms > 0 && sigtimedwait(&thread->signals, NULL, &left) < 0 && errno == EINTR);
}

static void *wait_for_signals(void *argument)
{
    struct signal_thread *thread = argument;
    int signal;

    sandbox_seal_thread();
    sigwait(&thread->signals, &signal);
    if (signal == SIGTERM && clock_monotonic_ms() < thread->deadline_ms) {
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
    thread.deadline_ms = clock_monotonic_ms() + (int64_t)deadline_s * 1000;
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
