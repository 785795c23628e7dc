// SPDX-License-Identifier: Apache-2.0
/* What can still be done after rights were given up. Whatever is for good happens in a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/sandbox.h"

/* A child cannot use cmocka's assertions: it says by its exit status which line was not right. */
#define expect(condition)                                                           \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            return -1;                                                              \
        }                                                                           \
    } while (0)

static char directory[] = "/tmp/ckptoci-test-sandbox-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 && mkdir("mine", 0700) == 0 &&
                   mkdir("other", 0700) == 0 && mkdir("empty", 0700) == 0 &&
                   close(open("other/file", O_CREAT | O_WRONLY, 0600)) == 0 &&
                   close(open("digest", O_CREAT | O_WRONLY, 0600)) == 0
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"mine/file",  "mine/named", "mine/moved",
                                        "other/file", "digest",     "new"};
    static const char *const directories[] = {"mine/below", "mine", "other", "empty"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        rmdir(directories[i]);
    return chdir("/") || rmdir(directory);
}

static bool fails(int result)
{
    return result < 0 && errno == EACCES;
}

static void in_child(int (*check)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(check() == 0 ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void needs_landlock(void)
{
    if (sandbox_landlock_version() == 0) {
        print_message("this kernel or this build has no Landlock\n");
        skip();
    }
}

static int connect_somewhere(void)
{
    cleanup_close int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(9),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int check_sealed(void *context, struct error *error)
{
    const int *open_file = context;
    char byte;
    char *const argv[] = {(char[]){"true"}, NULL};

    (void)error;
    expect(read(*open_file, &byte, 1) == 0);
    expect(fails(open("other/file", O_RDONLY)));
    expect(fails(open("/", O_RDONLY | O_DIRECTORY)));
    expect(fails(open("mine/file", O_CREAT | O_WRONLY, 0600)));
    expect(fails(mkdir("mine/below", 0700)));
    expect(fails(rmdir("empty")));
    expect(fails(unlink("other/file")));
    expect(fails(rename("other/file", "other/moved")));
    expect(fails(execv("/bin/true", argv)));
    if (sandbox_landlock_version() >= 4)
        expect(fails(connect_somewhere()));
    return 5;
}

static void test_a_sealed_thread_opens_nothing(void **state)
{
    cleanup_close int fd = open("other/file", O_RDONLY | O_CLOEXEC);
    struct error error;

    (void)state;
    needs_landlock();
    assert_int_equal(sandbox_call(check_sealed, &fd, &error), 5);
}

static void test_other_threads_are_as_before(void **state)
{
    cleanup_close int fd = open("other/file", O_RDONLY | O_CLOEXEC);
    struct error error;

    (void)state;
    needs_landlock();
    sandbox_call(check_sealed, &fd, &error);
    close(fd);
    fd = open("other/file", O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
}

static int return_error(void *context, struct error *error)
{
    return error_set(error, ERROR_ARCHIVE, "%s", (const char *)context);
}

static void test_the_result_comes_through(void **state)
{
    struct error error;
    char text[] = "refused";

    (void)state;
    assert_int_equal(sandbox_call(return_error, text, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    assert_string_equal(error.text, "refused");
}

/* As base/tmpfile.c gives an unnamed file its name. */
static int link_unnamed(const char *in, const char *name)
{
    cleanup_close int fd = open(in, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char path[64];

    if (fd < 0)
        return errno == EOPNOTSUPP ? close(open(name, O_CREAT | O_WRONLY, 0600)) : -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static int check_limited(void)
{
    struct sandbox sandbox = {0};
    char *const argv[] = {(char[]){"true"}, NULL};

    sandbox_keep(&sandbox, SANDBOX_TREE, "mine");
    sandbox_keep(&sandbox, SANDBOX_FILE, "digest");
    sandbox_keep(&sandbox, SANDBOX_RMDIR, "mine/..");
    sandbox_keep(&sandbox, SANDBOX_TREE, "nowhere");
    sandbox_limit_writing(&sandbox);

    expect(close(open("mine/file", O_CREAT | O_WRONLY | O_TRUNC, 0600)) == 0);
    expect(rename("mine/file", "mine/moved") == 0);
    expect(link_unnamed("mine", "mine/named") == 0);
    expect(mkdir("mine/below", 0700) == 0);
    expect(unlink("mine/named") == 0);
    expect(close(open("digest", O_CREAT | O_WRONLY | O_TRUNC, 0600)) == 0);
    expect(rmdir("empty") == 0);

    expect(fails(open("other/new", O_CREAT | O_WRONLY, 0600)));
    expect(fails(open("other/file", O_WRONLY)));
    expect(fails(unlink("other/file")));
    expect(fails(unlink("digest")));
    expect(fails(symlink("/etc/passwd", "mine/link")));
    expect(fails(mkdir("elsewhere", 0700)));
    expect(rename("mine/moved", "other/moved") < 0);
    expect(fails(execv("/bin/true", argv)));
    expect(close(open("other/file", O_RDONLY)) == 0);
    return 0;
}

static void test_only_what_was_kept_is_written(void **state)
{
    (void)state;
    needs_landlock();
    in_child(check_limited);
}

static int check_nothing_kept(void)
{
    struct sandbox sandbox = {0};

    sandbox_limit_writing(&sandbox);
    expect(fails(open("mine/file", O_CREAT | O_WRONLY, 0600)));
    expect(close(open("other/file", O_RDONLY)) == 0);
    return 0;
}

static void test_nothing_kept_nothing_written(void **state)
{
    (void)state;
    needs_landlock();
    in_child(check_nothing_kept);
}

static int check_new_file(void)
{
    struct sandbox sandbox = {0};

    sandbox_keep(&sandbox, SANDBOX_FILE, "new");
    sandbox_limit_writing(&sandbox);
    expect(close(open("new", O_CREAT | O_WRONLY, 0600)) == 0);
    return 0;
}

static void test_a_file_that_is_not_there_yet(void **state)
{
    (void)state;
    in_child(check_new_file);
}

static int check_privileges(void)
{
    sandbox_no_new_privileges();
    expect(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    return 0;
}

static void test_no_new_privileges(void **state)
{
    (void)state;
    in_child(check_privileges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sealed_thread_opens_nothing),
        cmocka_unit_test(test_other_threads_are_as_before),
        cmocka_unit_test(test_the_result_comes_through),
        cmocka_unit_test(test_only_what_was_kept_is_written),
        cmocka_unit_test(test_nothing_kept_nothing_written),
        cmocka_unit_test(test_a_file_that_is_not_there_yet),
        cmocka_unit_test(test_no_new_privileges),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
