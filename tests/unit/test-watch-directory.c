// SPDX-License-Identifier: Apache-2.0
/* Which files of the directory that is watched count, whoever else writes to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "watch/directory.h"

/* Root may look everywhere. */
static void become(uid_t id)
{
    if (getuid() == 0 && seteuid(id))
        fail_msg("seteuid");
}

static void test_what_cannot_be_looked_at_is_not_gone(void **state)
{
    char path[] = "/tmp/ckptoci-watch.XXXXXX";
    cleanup(directory_freep) struct directory *directory = NULL;
    struct archive_identity identity;
    struct error error = {0};
    const char *reason;

    (void)state;
    assert_non_null(mkdtemp(path));
    if (directory_open(&directory, path, &error))
        fail_msg("%s", error.text);
    assert_int_equal(directory_look(directory, "checkpoint-a.tar", &identity, &reason), ENTRY_GONE);
    assert_false(directory_is_kept(directory, "checkpoint-a.tar"));
    chmod(path, 0400);
    become(65534);
    assert_int_equal(directory_look(directory, "checkpoint-a.tar", &identity, &reason),
                     ENTRY_UNKNOWN);
    assert_non_null(reason);
    assert_true(directory_is_kept(directory, "checkpoint-a.tar"));
    become(0);
    chmod(path, 0700);
    rmdir(path);
}

/* Looks at a file, lets it be replaced, and opens it. Whether that is refused. */
static bool is_noticed(const struct directory *directory, const char *path, const char *command)
{
    cleanup_free char *full =
        xasprintf("cd %s && printf x >checkpoint-a.tar && printf x >.other", path);
    cleanup_free char *then = xasprintf("cd %s && %s", path, command);
    struct archive_identity identity;
    struct error error;
    const char *reason;
    int fd;

    assert_int_equal(system(full), 0);
    assert_int_equal(directory_look(directory, "checkpoint-a.tar", &identity, &reason),
                     ENTRY_ARCHIVE);
    assert_int_equal(system(then), 0);
    fd = directory_open_file(directory, "checkpoint-a.tar", &identity, &error);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static void test_what_was_looked_at_is_what_is_opened(void **state)
{
    char path[] = "/tmp/ckptoci-watch.XXXXXX";
    cleanup(directory_freep) struct directory *directory = NULL;
    cleanup_free char *clean = NULL;
    struct error error = {0};

    (void)state;
    assert_non_null(mkdtemp(path));
    if (directory_open(&directory, path, &error))
        fail_msg("%s", error.text);
    assert_false(is_noticed(directory, path, "true"));
    assert_true(is_noticed(directory, path, "ln -sf .other checkpoint-a.tar"));
    clean = xasprintf("cd %s && rm -f checkpoint-a.tar", path);
    assert_int_equal(system(clean), 0);
    assert_true(is_noticed(directory, path, "mv .other checkpoint-a.tar"));
    assert_true(is_noticed(directory, path, "rm checkpoint-a.tar && mkfifo checkpoint-a.tar"));
    assert_int_equal(system(clean), 0);
    assert_true(is_noticed(directory, path, "rm checkpoint-a.tar && mkdir checkpoint-a.tar"));
    free(steal(clean));
    clean = xasprintf("rm -r %s", path);
    assert_int_equal(system(clean), 0);
}

/* Such a file may be one that only we can read. */
static void test_further_names_count_where_only_we_write(void **state)
{
    char path[] = "/tmp/ckptoci-watch.XXXXXX";
    cleanup(directory_freep) struct directory *directory = NULL;
    cleanup_free char *link = NULL, *clean = NULL;
    struct archive_identity identity;
    struct error error = {0};
    const char *reason;

    (void)state;
    assert_non_null(mkdtemp(path));
    link = xasprintf("cd %s && echo x >.other && ln .other checkpoint-a.tar", path);
    clean = xasprintf("rm -r %s", path);
    assert_int_equal(system(link), 0);
    if (directory_open(&directory, path, &error))
        fail_msg("%s", error.text);
    assert_int_equal(directory_look(directory, "checkpoint-a.tar", &identity, &reason),
                     ENTRY_ARCHIVE);
    chmod(path, 01777);
    assert_int_equal(directory_look(directory, "checkpoint-a.tar", &identity, &reason),
                     ENTRY_OTHER);
    assert_non_null(strstr(reason, "other names"));
    assert_int_equal(system(clean), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_looked_at_is_not_gone),
        cmocka_unit_test(test_what_was_looked_at_is_what_is_opened),
        cmocka_unit_test(test_further_names_count_where_only_we_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
