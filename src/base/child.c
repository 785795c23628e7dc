// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"

enum {
    CHILD_LOOK_AGAIN_MS = 10, /* whether it has ended, when its output has */
    /* File descriptors, of the child and not ours. */
    CHILD_STANDARD_INPUT = 0,
    CHILD_STANDARD_OUTPUT = 1,
};

struct child {
    const struct child_options *options;
    int64_t deadline_ms;
    pid_t pid; /* 0: not there, or not any more */
    int input, output;
    size_t sent;
};

static void child_done(struct child *child)
{
    closep(&child->input);
    closep(&child->output);
    if (child->pid) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
}

static void close_now(int *fd)
{
    closep(fd);
    *fd = -1;
}

/* Signals as a program expects them, not as our threads have them. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, ours;

    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    sigaddset(&ours, SIGXFSZ);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &ours);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static bool is_same_variable(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");

    return strncmp(a, b, len) == 0 && b[len] == '=';
}

static bool is_replaced(const char *variable, char *const *by)
{
    while (*by && !is_same_variable(*by, variable))
        by++;
    return *by;
}

/* Ours and the child's own; the array goes to free(), its strings are borrowed. */
static char **join_environment(char *const *own)
{
    size_t count = 0, own_count = 0, len = 0;
    char **joined;

    while (environ[count])
        count++;
    while (own[own_count])
        own_count++;
    joined = xcalloc(count + own_count + 1, sizeof *joined);
    for (size_t i = 0; i < own_count; i++)
        joined[len++] = own[i];
    for (size_t i = 0; i < count; i++)
        if (!is_replaced(environ[i], own))
            joined[len++] = environ[i];
    return joined;
}

static int spawn(struct child *child, int input, int output)
{
    char *const *argv = child->options->argv;
    char *const *own = child->options->environment;
    cleanup_free char **joined = own ? join_environment(own) : NULL;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int errnum;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, CHILD_STANDARD_INPUT);
    posix_spawn_file_actions_adddup2(&actions, output, CHILD_STANDARD_OUTPUT);
    posix_spawnattr_init(&attributes);
    set_signals(&attributes);
    errnum = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, joined ? joined : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (errnum == 0)
        child->pid = pid;
    return errnum;
}

static int start(struct child *child, struct error *error)
{
    const char *name = child->options->argv[0];
    int input[2], output[2], errnum;

    if (pipe2(input, O_CLOEXEC))
        return error_set_errno(error, errno, "run %s", name);
    if (pipe2(output, O_CLOEXEC)) {
        errnum = errno;
        close(input[0]);
        close(input[1]);
        return error_set_errno(error, errnum, "run %s", name);
    }
    errnum = spawn(child, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    child->input = input[1];
    child->output = output[0];
    if (errnum)
        return error_set_errno(error, errnum, "run %s", name);
    fcntl(child->input, F_SETFL, O_NONBLOCK);
    return 0;
}

/* What it does not want to read is no failure: its exit status tells. */
static void send_input(struct child *child)
{
    const struct child_options *options = child->options;
    ssize_t n = write(child->input, options->input + child->sent, options->input_len - child->sent);

    if (n > 0)
        child->sent += (size_t)n;
    if (child->sent == options->input_len || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_now(&child->input);
}

static int take_output(struct child *child, struct buffer *output, struct error *error)
{
    const char *name = child->options->argv[0];
    char data[4096];
    ssize_t n = read(child->output, data, sizeof data);
    int result = n > 0 ? buffer_append(output, data, (size_t)n) : 0;

    explicit_bzero(data, sizeof data);
    if (n < 0 && errno != EINTR)
        return error_set_errno(error, errno, "read what %s writes", name);
    if (n == 0)
        close_now(&child->output);
    if (result)
        error_set(error, ERROR_FAILED, "%s wrote more than %zu bytes", name, output->max);
    return result;
}

/* Waits for one of the file descriptors, at most until the deadline. */
static int wait_for(struct child *child, struct pollfd *fds, nfds_t count, int limit_ms,
                    struct error *error)
{
    const struct child_options *options = child->options;
    int64_t left_ms = child->deadline_ms - clock_monotonic_ms();

    if (options->cancel && cancel_check(options->cancel, error))
        return -1;
    if (left_ms <= 0)
        return error_set(error, ERROR_FAILED, "%s has not ended after %d seconds", options->argv[0],
                         options->timeout_ms / 1000);
    if (poll(fds, count, (int)(left_ms < limit_ms ? left_ms : limit_ms)) < 0 && errno != EINTR)
        return error_set_errno(error, errno, "wait for %s", options->argv[0]);
    return 0;
}

static int talk(struct child *child, struct buffer *output, struct error *error)
{
    struct cancel *cancel = child->options->cancel;

    while (child->output >= 0) {
        struct pollfd fds[] = {{.fd = child->output, .events = POLLIN},
                               {.fd = child->input, .events = POLLOUT},
                               {.fd = cancel ? cancel_fd(cancel) : -1, .events = POLLIN}};

        if (wait_for(child, fds, 3, child->options->timeout_ms, error))
            return -1;
        if (fds[1].revents)
            send_input(child);
        if (fds[0].revents && take_output(child, output, error))
            return -1;
    }
    return 0;
}

static int wait_for_end(struct child *child, int *exit_status, struct error *error)
{
    int status;

    while (waitpid(child->pid, &status, WNOHANG) == 0)
        if (wait_for(child, NULL, 0, CHILD_LOOK_AGAIN_MS, error))
            return -1;
    child->pid = 0;
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}

int child_run(const struct child_options *options, struct buffer *output, int *exit_status,
              struct error *error)
{
    cleanup(child_done) struct child child = {.options = options, .input = -1, .output = -1};

    child.deadline_ms = clock_monotonic_ms() + options->timeout_ms;
    if (start(&child, error) || talk(&child, output, error))
        return -1;
    close_now(&child.input);
    return wait_for_end(&child, exit_status, error);
}
