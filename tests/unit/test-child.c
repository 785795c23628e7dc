// SPDX-License-Identifier: Apache-2.0
/* Other programs: what they are given, and what is left of them. */
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/memory.h"

static char shell[] = "sh", option[] = "-c";

static struct child *start(const char *script, char *const *environment)
{
    cleanup_free char *text = xstrdup(script);
    char *const argv[] = {shell, option, text, NULL};
    const struct child_options options = {.argv = argv,
                                          .environment = environment,
                                          .hidden_prefix = "HIDDEN_"};
    struct child *child = NULL;
    struct error error;

    if (child_start(&child, &options, &error))
        fail_msg("%s", error.text);
    return child;
}

static void await(struct child *child)
{
    while (!child->is_over) {
        struct pollfd fds[CHILD_POLL_FDS];

        child_poll(child, fds);
        assert_true(poll(fds, CHILD_POLL_FDS, 30000) > 0);
        child_serve(child, fds);
    }
}

static struct child *start_and_await(const char *script, char *const *environment)
{
    struct child *child = start(script, environment);

    await(child);
    return child;
}

static int run(const char *script, char *const *environment, struct buffer *output,
               int *exit_status, struct error *error)
{
    cleanup_free char *text = xstrdup(script);
    char *const argv[] = {shell, option, text, NULL};
    const struct child_options options = {.argv = argv,
                                          .environment = environment,
                                          .hidden_prefix = "HIDDEN_",
                                          .input = "input\n",
                                          .input_len = strlen("input\n"),
                                          .timeout_ms = 30000};

    return child_run(&options, output, exit_status, error);
}

static void assert_runs(const char *script, char *const *environment, const char *expected)
{
    cleanup(buffer_done) struct buffer output;
    int exit_status;
    struct error error;

    buffer_init(&output, 4096);
    if (run(script, environment, &output, &exit_status, &error))
        fail_msg("%s", error.text);
    assert_int_equal(exit_status, 0);
    assert_string_equal(output.data, expected);
}

static void test_output_errors_and_status_are_told_apart(void **state)
{
    cleanup(child_freep) struct child *child =
        start_and_await("cat; echo out; echo err >&2; exit 3", NULL);

    (void)state;
    assert_string_equal(child->output.data, "out\n");
    assert_string_equal(child->errors.data, "err\n");
    assert_true(WIFEXITED(child->wait_status));
    assert_int_equal(WEXITSTATUS(child->wait_status), 3);
}

static void test_the_environment_is_ours_with_additions(void **state)
{
    static const char script[] = "echo $OURS.$REPLACED.$ADDED.$HIDDEN_OURS.$HIDDEN_ADDED";
    char replaced[] = "REPLACED=new", added[] = "ADDED=a=b", hidden[] = "HIDDEN_ADDED=x";
    char *const additions[] = {replaced, added, hidden, NULL};
    cleanup(child_freep) struct child *child = NULL;

    (void)state;
    setenv("OURS", "ours", 1);
    setenv("REPLACED", "old", 1);
    setenv("HIDDEN_OURS", "y", 1);
    child = start_and_await(script, additions);
    assert_string_equal(child->output.data, "ours.new.a=b..x\n");
    assert_runs(script, additions, "ours.new.a=b..x\n");
    assert_runs("echo $OURS.$REPLACED", NULL, "ours.old\n");
}

/* Says which of SIGINT (2), SIGPIPE (1000) and SIGXFSZ (1000000) are ignored, hexadecimal. */
#define SAY_IGNORED \
    "printf '%x\\n' $((0x$(sed -n 's/^SigIgn:.//p' /proc/self/status) & 0x1001002));"

static void test_signals_and_descriptors_are_as_a_program_expects(void **state)
{
    static const char script[] =
        SAY_IGNORED "grep ^SigBlk /proc/self/status; ls /proc/self/fd | wc -l";
    static const char expected[] = "0\nSigBlk:\t0000000000000000\n4\n";
    cleanup(child_freep) struct child *child = NULL;
    sigset_t all, before;

    (void)state;
    sigfillset(&all);
    signal(SIGXFSZ, SIG_IGN); /* as the program does */
    sigprocmask(SIG_SETMASK, &all, &before);
    child = start_and_await(script, NULL);
    assert_string_equal(child->output.data, expected);
    assert_runs(script, NULL, expected);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* What runs beside us must take the agent's SIGINT, and leads a group. */
static void test_the_two_ways_differ_where_they_have_to(void **state)
{
    static const char script[] =
        SAY_IGNORED "cat; set -- $(cat /proc/$$/stat); test $5 = $$ && echo leads; :";
    cleanup(child_freep) struct child *child = NULL;

    (void)state;
    signal(SIGINT, SIG_IGN);
    child = start_and_await(script, NULL);
    assert_string_equal(child->output.data, "0\nleads\n");
    assert_runs(script, NULL, "2\ninput\n");
    signal(SIGINT, SIG_DFL);
}

/* In a process of its own, whose standard input and output are not open. */
static int run_without_standard_files(void)
{
    cleanup(child_freep) struct child *child = NULL;
    struct buffer output;
    struct error error;
    int exit_status;

    close(0);
    close(1);
    buffer_init(&output, 100);
    child = start_and_await("cat && echo out; echo err >&2", NULL);
    if (run("cat; echo out", NULL, &output, &exit_status, &error))
        return 1;
    return strcmp(output.data, "input\nout\n") != 0 || strcmp(child->output.data, "out\n") != 0 ||
           strcmp(child->errors.data, "err\n") != 0;
}

static void test_it_has_its_own_standard_files_where_we_have_none(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0)
        _exit(run_without_standard_files());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_one_that_is_not_there(void **state)
{
    char name[] = "/nowhere/at-all";
    char *const argv[] = {name, NULL};
    const struct child_options options = {.argv = argv, .input = "", .timeout_ms = 30000};
    cleanup(child_freep) struct child *child = NULL;
    struct buffer output;
    struct error error;
    int exit_status;

    (void)state;
    buffer_init(&output, 100);
    assert_int_equal(child_run(&options, &output, &exit_status, &error), -1);
    assert_string_equal(error.text, "run /nowhere/at-all: No such file or directory");
    assert_int_equal(child_start(&child, &options, &error), 0);
    await(child);
    assert_int_equal(WEXITSTATUS(child->wait_status), 127);
}

/* Of one that runs beside us the beginning is kept; to wait for one that has no end is no use. */
static void test_too_much_output(void **state)
{
    cleanup(child_freep) struct child *child =
        start_and_await("head -c 100000 /dev/zero >&2; echo out", NULL);
    cleanup(buffer_done) struct buffer output;
    struct error error;
    int exit_status;

    (void)state;
    assert_int_equal(child->errors.len, CHILD_ERRORS_MAX_BYTES);
    assert_string_equal(child->output.data, "out\n");
    buffer_init(&output, 1000);
    assert_int_equal(run("yes", NULL, &output, &exit_status, &error), -1);
    assert_string_equal(error.text, "sh wrote more than 1000 bytes");
}

static void test_it_reads_a_file_and_has_a_time(void **state)
{
    char text[] = "cat; exec sleep 60", path[] = "/tmp/ckptoci-child.XXXXXX";
    char *const argv[] = {shell, option, text, NULL};
    cleanup_close int fd = mkstemp(path);
    const struct child_options options = {.argv = argv, .input_fd = fd, .timeout_ms = 1};
    cleanup(child_freep) struct child *child = NULL;
    struct pollfd fds[CHILD_POLL_FDS];
    struct error error;

    (void)state;
    unlink(path);
    assert_int_equal(pwrite(fd, "file\n", 5, 0), 5);
    assert_int_equal(child_start(&child, &options, &error), 0);
    while (child->output.len == 0) {
        child_poll(child, fds);
        assert_true(poll(fds, CHILD_POLL_FDS, 30000) > 0);
        child_serve(child, fds);
    }
    assert_string_equal(child->output.data, "file\n");
    assert_true(child_kill_late(child, 0) > 0);
    assert_false(child->was_late);
    child_kill_late(child, INT64_MAX - 1);
    await(child);
    assert_true(child->was_late);
    assert_int_equal(WTERMSIG(child->wait_status), SIGKILL);
}

/* Readable at its end: nobody has the other end of the pipe any more. */
static void test_it_is_killed_with_what_it_has_started(void **state)
{
    struct child *child = start("sleep 60 & echo started; wait", NULL);
    struct pollfd fds[CHILD_POLL_FDS], end;

    (void)state;
    while (child->output.len == 0) {
        child_poll(child, fds);
        assert_true(poll(fds, CHILD_POLL_FDS, 30000) > 0);
        child_serve(child, fds);
    }
    end = (struct pollfd){.fd = dup(child->output_fd), .events = POLLIN};
    child_free(child);
    assert_int_equal(poll(&end, 1, 30000), 1);
    assert_true(end.revents & POLLHUP);
    close(end.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_errors_and_status_are_told_apart),
        cmocka_unit_test(test_the_environment_is_ours_with_additions),
        cmocka_unit_test(test_signals_and_descriptors_are_as_a_program_expects),
        cmocka_unit_test(test_the_two_ways_differ_where_they_have_to),
        cmocka_unit_test(test_it_has_its_own_standard_files_where_we_have_none),
        cmocka_unit_test(test_one_that_is_not_there),
        cmocka_unit_test(test_too_much_output),
        cmocka_unit_test(test_it_reads_a_file_and_has_a_time),
        cmocka_unit_test(test_it_is_killed_with_what_it_has_started),
    };

    close_range(3, UINT_MAX, 0); /* what make or a shell has left open */
    signal(SIGPIPE, SIG_IGN);    /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
