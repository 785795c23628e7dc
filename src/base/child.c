// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    STANDARD_COUNT = 3,
    CANNOT_RUN = 127,   /* exit status, as a shell has it */
    READS_AT_ONCE = 8,  /* one that never stops writing is not to keep us from all else */
    LOOK_AGAIN_MS = 10, /* whether it has ended, when its output has */
};

/* What the child needs between fork() and exec(), where only async-signal-safe calls are allowed.
 */
struct launch {
    const struct child_options *options;
    char *const *environment;
    int standard[STANDARD_COUNT]; /* its standard input, output and error; -1: stays ours */
    int report;                   /* takes errno if it cannot be executed; -1: nobody asks */
    pid_t parent;                 /* with which it ends; 0: it may outlive us */
};

static bool is_same_variable(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");

    return strncmp(a, b, len) == 0 && b[len] == '=';
}

static bool is_passed_on(const char *variable, const struct child_options *options)
{
    const char *prefix = options->hidden_prefix;

    if (prefix && strncmp(variable, prefix, strlen(prefix)) == 0)
        return false;
    for (char *const *own = options->environment; own && *own; own++)
        if (is_same_variable(*own, variable))
            return false;
    return true;
}

/* Ours and the child's own; the array goes to free(), its strings are borrowed. */
static char **join_environment(const struct child_options *options)
{
    size_t count = 0, own_count = 0, len = 0;
    char **joined;

    while (environ[count])
        count++;
    while (options->environment && options->environment[own_count])
        own_count++;
    joined = xcalloc(count + own_count + 1, sizeof *joined);
    for (size_t i = 0; i < own_count; i++)
        joined[len++] = options->environment[i];
    for (size_t i = 0; i < count; i++)
        if (is_passed_on(environ[i], options))
            joined[len++] = environ[i];
    return joined;
}

static void reset_signals(const struct launch *launch)
{
    sigset_t none;

    sigemptyset(&none);
    if (launch->parent)
        signal(SIGINT, SIG_DFL); /* a shell's background jobs ignore it */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Where fd is `target` already, dup2() would leave it to be closed by exec(). */
static int move_to(int fd, int target)
{
    return fd == target ? fcntl(fd, F_SETFD, 0) : dup2(fd, target);
}

static void execute(const struct launch *launch)
{
    const struct child_options *options = launch->options;

    if (launch->parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != launch->parent)
            return;
        setpgid(0, 0);
    }
    for (int i = 0; i < STANDARD_COUNT; i++)
        if (launch->standard[i] >= 0 && move_to(launch->standard[i], i) < 0)
            return;
    reset_signals(launch);
    if (options->program)
        execve(options->program, options->argv, launch->environment);
    else
        execvpe(options->argv[0], options->argv, launch->environment);
}

/* 0, or -1 with errno. */
static int start(struct child *child, const struct launch *launch)
{
    child->pid = fork();
    if (child->pid == 0) {
        execute(launch);
        (void)!write(launch->report, &errno, sizeof errno);
        _exit(CANNOT_RUN);
    }
    if (child->pid < 0)
        return -1;
    child->deadline_ms = launch->options->timeout_ms
                             ? clock_monotonic_ms() + launch->options->timeout_ms
                             : INT64_MAX;
    return 0;
}

/* 0, or -1 with errno. */
static int make_pipe(int *from, int *to)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC))
        return -1;
    *from = fds[0];
    *to = fds[1];
    return 0;
}

static void close_now(int *fd)
{
    closep(fd);
    *fd = -1;
}

static bool has_ended(struct child *child)
{
    if (!child->is_over)
        child->is_over = waitpid(child->pid, &child->wait_status, WNOHANG) == child->pid;
    return child->is_over;
}

/* What is there to be read. -1: the buffer does not take all of it; the rest is dropped. */
static int take(int *fd, struct buffer *buffer)
{
    char data[16384];
    int result = 0;

    for (int i = 0; i < READS_AT_ONCE && *fd >= 0; i++) {
        ssize_t n = read(*fd, data, sizeof data);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            close_now(fd);
        } else if (buffer_append(buffer, data, (size_t)n)) {
            buffer_append(buffer, data, buffer->max - buffer->len);
            result = -1;
        }
    }
    explicit_bzero(data, sizeof data);
    return result;
}

/* All but the buffers. */
static void child_end(struct child *child)
{
    if (child->pid > 0 && !child->is_over) {
        child_signal(child, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    closep(&child->pidfd);
    closep(&child->input_fd);
    closep(&child->output_fd);
    closep(&child->errors_fd);
}

/* To wait for. */

static int start_to_run(struct child *child, const struct child_options *options,
                        struct error *error)
{
    cleanup_free char **environment = join_environment(options);
    cleanup_close int input = -1, output = -1, report = -1, report_to = -1;
    int errnum = 0;

    if (make_pipe(&input, &child->input_fd) || make_pipe(&child->output_fd, &output) ||
        make_pipe(&report, &report_to) ||
        start(child, &(struct launch){options, environment, {input, output, -1}, report_to, 0}))
        return error_set_errno(error, errno, "run %s", options->argv[0]);
    fcntl(child->input_fd, F_SETFL, O_NONBLOCK);
    fcntl(child->output_fd, F_SETFL, O_NONBLOCK);
    close_now(&report_to);
    /* Ends when the program is executed. */
    while (read(report, &errnum, sizeof errnum) < 0 && errno == EINTR)
        ;
    return errnum ? error_set_errno(error, errnum, "run %s", options->argv[0]) : 0;
}

/* What it does not want to read is no failure: its exit status tells. */
static void send_input(struct child *child, const struct child_options *options)
{
    ssize_t n =
        write(child->input_fd, options->input + child->sent, options->input_len - child->sent);

    if (n > 0)
        child->sent += (size_t)n;
    if (child->sent == options->input_len || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_now(&child->input_fd);
}

/* Until there is something to do, at most to the deadline. */
static int wait_for(const struct child *child, const struct child_options *options,
                    struct pollfd *fds, nfds_t count, struct error *error)
{
    int64_t left_ms = child->deadline_ms - clock_monotonic_ms();

    if (options->cancel && cancel_check(options->cancel, error))
        return -1;
    if (left_ms <= 0)
        return error_set(error, ERROR_FAILED, "%s has not ended after %d seconds", options->argv[0],
                         (int)(options->timeout_ms / 1000));
    if (child->output_fd < 0 && left_ms > LOOK_AGAIN_MS)
        left_ms = LOOK_AGAIN_MS;
    if (poll(fds, count, (int)left_ms) < 0 && errno != EINTR)
        return error_set_errno(error, errno, "wait for %s", options->argv[0]);
    return 0;
}

static int talk(struct child *child, const struct child_options *options, struct error *error)
{
    while (child->output_fd >= 0 || !has_ended(child)) {
        struct pollfd fds[] = {{.fd = child->output_fd, .events = POLLIN},
                               {.fd = child->input_fd, .events = POLLOUT},
                               {.fd = options->cancel ? cancel_fd(options->cancel) : -1,
                                .events = POLLIN}};

        if (wait_for(child, options, fds, sizeof fds / sizeof *fds, error))
            return -1;
        if (fds[1].revents)
            send_input(child, options);
        if (fds[0].revents && take(&child->output_fd, &child->output))
            return error_set(error, ERROR_FAILED, "%s wrote more than %zu bytes", options->argv[0],
                             child->output.max);
    }
    return 0;
}

int child_run(const struct child_options *options, struct buffer *output, int *exit_status,
              struct error *error)
{
    cleanup(child_end) struct child child = {
        .pidfd = -1, .input_fd = -1, .output_fd = -1, .errors_fd = -1, .output = *output};
    int result = start_to_run(&child, options, error) || talk(&child, options, error) ? -1 : 0;

    *output = child.output;
    if (result == 0)
        *exit_status = WIFEXITED(child.wait_status) ? WEXITSTATUS(child.wait_status)
                                                    : 128 + WTERMSIG(child.wait_status);
    return result;
}

/* Beside us. */

static int start_beside(struct child *child, const struct child_options *options,
                        struct error *error)
{
    cleanup_free char **environment = join_environment(options);
    cleanup_close int input = options->input_fd
                                  ? fcntl(options->input_fd, F_DUPFD_CLOEXEC, STANDARD_COUNT)
                                  : open("/dev/null", O_RDONLY | O_CLOEXEC),
                      output = -1, errors = -1;

    if (input < 0 || make_pipe(&child->output_fd, &output) ||
        make_pipe(&child->errors_fd, &errors) ||
        start(child, &(struct launch){options, environment, {input, output, errors}, -1, getpid()}))
        return error_set_errno(error, errno, "start %s", options->argv[0]);
    fcntl(child->output_fd, F_SETFL, O_NONBLOCK);
    fcntl(child->errors_fd, F_SETFL, O_NONBLOCK);
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd < 0)
        return error_set_errno(error, errno, "watch the end of %s", options->argv[0]);
    return 0;
}

int child_start(struct child **ret, const struct child_options *options, struct error *error)
{
    cleanup(child_freep) struct child *child = NEW(struct child);

    child->pidfd = child->input_fd = child->output_fd = child->errors_fd = -1;
    buffer_init(&child->output, CHILD_OUTPUT_MAX_BYTES);
    buffer_init(&child->errors, CHILD_ERRORS_MAX_BYTES);
    if (start_beside(child, options, error))
        return -1;
    *ret = steal(child);
    return 0;
}

void child_poll(const struct child *child, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = child->pidfd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = child->output_fd, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = child->errors_fd, .events = POLLIN};
}

void child_serve(struct child *child, const struct pollfd *fds)
{
    bool ends = fds[0].revents && !child->is_over && has_ended(child);

    /* What it has written is there by now; what it has left behind may write for ever. */
    if (ends || fds[1].revents)
        take(&child->output_fd, &child->output);
    if (ends || fds[2].revents)
        take(&child->errors_fd, &child->errors);
}

void child_signal(const struct child *child, int signal)
{
    if (child->is_over)
        return;
    /* Its group may not be there yet. */
    if (getpgid(child->pid) == child->pid)
        kill(-child->pid, signal);
    else
        kill(child->pid, signal);
}

int64_t child_kill_late(struct child *child, int64_t now_ms)
{
    if (now_ms < child->deadline_ms)
        return child->deadline_ms;
    child->was_late |= !child->is_over;
    child_signal(child, SIGKILL);
    return INT64_MAX;
}

void child_free(struct child *child)
{
    if (!child)
        return;
    child_end(child);
    buffer_done(&child->output);
    buffer_done(&child->errors);
    free(child);
}
