// SPDX-License-Identifier: Apache-2.0
#include "watch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    /* File descriptors, of the child and not ours. */
    CHILD_STANDARD_INPUT = 0,
    CHILD_STANDARD_OUTPUT = 1,
    CHILD_STANDARD_ERROR = 2,
    CHILD_CANNOT_RUN = 127, /* exit status, as a shell has it */
    READS_AT_ONCE = 8,      /* one that never stops writing is not to keep us from all else */
};

/* What the child needs between fork() and exec(), where little is allowed. */
struct launch {
    const struct process_options *options;
    int input, output, errors;
    pid_t parent;
};

static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    signal(SIGINT, SIG_DFL); /* a shell's background jobs ignore it */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void launch(const struct launch *launch)
{
    const struct process_options *options = launch->options;
    char *const *environment = options->environment ? options->environment : environ;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch->parent)
        _exit(CHILD_CANNOT_RUN);
    if (options->leads_group)
        setpgid(0, 0);
    if (dup2(launch->input, CHILD_STANDARD_INPUT) < 0 ||
        dup2(launch->output, CHILD_STANDARD_OUTPUT) < 0 ||
        dup2(launch->errors, CHILD_STANDARD_ERROR) < 0)
        _exit(CHILD_CANNOT_RUN);
    reset_signals();
    if (options->program)
        execve(options->program, options->argv, environment);
    else
        execvpe(options->argv[0], options->argv, environment);
    _exit(CHILD_CANNOT_RUN);
}

static int start(struct process *process, const struct process_options *options, int input,
                 const int output[2], const int errors[2], struct error *error)
{
    const struct launch call = {options, input, output[1], errors[1], getpid()};

    process->pid = fork();
    if (process->pid == 0)
        launch(&call);
    if (process->pid < 0)
        return error_set_errno(error, errno, "start %s", options->argv[0]);
    process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (process->pidfd < 0)
        return error_set_errno(error, errno, "watch the end of %s", options->argv[0]);
    return 0;
}

int process_start(struct process **ret, const struct process_options *options, struct error *error)
{
    cleanup(process_freep) struct process *process = NEW(struct process);
    cleanup_close int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int output[2], errors[2], result;

    process->pidfd = process->output_fd = process->errors_fd = -1;
    buffer_init(&process->output, PROCESS_OUTPUT_MAX_BYTES);
    buffer_init(&process->errors, PROCESS_ERRORS_MAX_BYTES);
    if (input < 0 || pipe2(output, O_CLOEXEC))
        return error_set_errno(error, errno, "start %s", options->argv[0]);
    process->output_fd = output[0];
    if (pipe2(errors, O_CLOEXEC)) {
        close(output[1]);
        return error_set_errno(error, errno, "start %s", options->argv[0]);
    }
    process->errors_fd = errors[0];
    fcntl(process->output_fd, F_SETFL, O_NONBLOCK);
    fcntl(process->errors_fd, F_SETFL, O_NONBLOCK);
    result = start(process, options, input, output, errors, error);
    close(output[1]);
    close(errors[1]);
    if (result)
        return -1;
    process->started_ms = clock_monotonic_ms();
    process->deadline_ms = options->timeout_ms ? process->started_ms + options->timeout_ms : 0;
    *ret = steal(process);
    return 0;
}

void process_poll(const struct process *process, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = process->pidfd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = process->output_fd, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = process->errors_fd, .events = POLLIN};
}

static void take(int *fd, struct buffer *buffer)
{
    char data[16384];

    for (int i = 0; i < READS_AT_ONCE && *fd >= 0; i++) {
        ssize_t n = read(*fd, data, sizeof data);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            close(*fd);
            *fd = -1;
            return;
        }
        if (buffer_append(buffer, data, (size_t)n) && buffer->len < buffer->max)
            buffer_append(buffer, data, buffer->max - buffer->len);
    }
}

void process_serve(struct process *process, const struct pollfd *fds)
{
    if (fds[1].revents)
        take(&process->output_fd, &process->output);
    if (fds[2].revents)
        take(&process->errors_fd, &process->errors);
    if (!fds[0].revents || process->is_over)
        return;
    /* What it has written is there by now; what it has left behind may write for ever. */
    if (waitpid(process->pid, &process->wait_status, WNOHANG) == process->pid) {
        process->is_over = true;
        take(&process->output_fd, &process->output);
        take(&process->errors_fd, &process->errors);
    }
}

void process_signal(const struct process *process, int signal)
{
    if (process->is_over)
        return;
    /* Its group may not be there yet. */
    if (getpgid(process->pid) == process->pid)
        kill(-process->pid, signal);
    else
        kill(process->pid, signal);
}

void process_free(struct process *process)
{
    if (!process)
        return;
    if (process->pid > 0 && !process->is_over) {
        process_signal(process, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    closep(&process->pidfd);
    closep(&process->output_fd);
    closep(&process->errors_fd);
    buffer_done(&process->output);
    buffer_done(&process->errors);
    free(process);
}
