// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "progress-view.h"
#include "registry/registry.h"

struct signal_thread {
    sigset_t signals;
    struct cancel *cancel;
};

/* A SIGTERM is deferred until then; on the monotonic clock. Set before there are threads. */
static int64_t sigterm_deadline_ms;

/* Until another signal comes, or the deadline. */
static void wait_until_deadline(const struct signal_thread *thread)
{
    struct timespec left;
    int64_t left_ms;

    do {
        left_ms = sigterm_deadline_ms - clock_monotonic_ms();
        left = (struct timespec){.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
    } while (left_ms > 0 && sigtimedwait(&thread->signals, NULL, &left) < 0 && errno == EINTR);
}

static void *wait_for_signals(void *argument)
{
    struct signal_thread *thread = argument;
    int signal;

    sandbox_seal_thread();
    sigwait(&thread->signals, &signal);
    if (signal == SIGTERM && clock_monotonic_ms() < sigterm_deadline_ms) {
        log_warning("told to end: going on until the deadline; a second signal interrupts");
        wait_until_deadline(thread);
    }
    cancel_trigger(thread->cancel);
    sigwait(&thread->signals, &signal);
    _exit(130);
}

static void cancel_on_signals(struct cancel *cancel)
{
    static struct signal_thread thread;
    pthread_t id;

    thread.cancel = cancel;
    sigemptyset(&thread.signals);
    sigaddset(&thread.signals, SIGINT);
    sigaddset(&thread.signals, SIGTERM);
    sigaddset(&thread.signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &thread.signals, NULL);
    if (pthread_create(&id, NULL, wait_for_signals, &thread) != 0)
        abort();
    pthread_detach(id);
}

void cmd_defer_sigterm(int seconds)
{
    sigterm_deadline_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
}

/* Warnings go around the progress bar from here on, signals trigger the cancel, libcurl is ready.
 * NULL: *error says why not. */
static struct cancel *start(struct error *error)
{
    struct cancel *cancel = cancel_new();

    log_set_writer(progress_view_warn);
    cancel_on_signals(cancel);
    return registry_global_init(error) < 0 ? NULL : cancel;
}

static int take_arguments(const struct command *command, int argc, char **argv, void *request,
                          struct error *error)
{
    int first = options_parse(command, argc, argv, request, error);
    int count = argc - first;

    if (first < 0)
        return -1;
    if (count < command->min_arguments ||
        (command->max_arguments && count > command->max_arguments))
        return options_wrong_arguments(command, error);
    return command->prepare(request, argv + first, error);
}

int cmd_run(const struct command *command, int argc, char **argv)
{
    cleanup_free void *request = xcalloc(1, command->request_size);
    struct cancel *cancel;
    struct error error = {0};
    int status = -1;

    if (command->defaults)
        memcpy(request, command->defaults, command->request_size);
    if (take_arguments(command, argc, argv, request, &error) == 0 && (cancel = start(&error)))
        status = command->run(request, cancel, &error);
    if (status < 0)
        status = cmd_fail(&error);
    else if (status == EXIT_SUCCESS)
        status = cmd_flush();
    if (command->done)
        command->done(request);
    return status;
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
