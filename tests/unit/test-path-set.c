// SPDX-License-Identifier: Apache-2.0
/* Which paths a tar has named, and which of them are symlinks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "archive/path-set.h"

static void test_a_path_is_there_once(void **state)
{
    cleanup(path_set_freep) struct path_set *set = path_set_new();

    (void)state;
    assert_int_equal(path_set_add(set, "etc/x", false), PATH_NEW);
    assert_int_equal(path_set_add(set, "etc/x", true), PATH_THERE);
    assert_int_equal(path_set_add(set, "ETC/x", false), PATH_CASE_VARIANT);
    assert_int_equal(path_set_add(set, "ETC/x", false), PATH_THERE);
    assert_true(path_set_has(set, "etc/xyz", 5, NULL));
    assert_false(path_set_has(set, "etc/xyz", 6, NULL));
}

static void test_symlinks_above_a_path(void **state)
{
    cleanup(path_set_freep) struct path_set *set = path_set_new();
    bool is_symlink;

    (void)state;
    path_set_add(set, "a", false);
    path_set_add(set, "a/link", true);
    assert_int_equal(path_set_symlink_above(set, "a/link/b/c"), 6);
    assert_int_equal(path_set_symlink_above(set, "a/link"), 0);
    assert_int_equal(path_set_symlink_above(set, "a/linked/b"), 0);
    assert_int_equal(path_set_symlink_above(set, "A/LINK/b"), 0);
    assert_true(path_set_has(set, "a/link", 6, &is_symlink));
    assert_true(is_symlink);
}

/* Each prefix from its start would take hours. */
static void test_a_path_of_a_million_directories(void **state)
{
    enum { DIRECTORIES = 1000000 };
    cleanup(path_set_freep) struct path_set *set = path_set_new();
    cleanup_free char *path = xcalloc(2 * DIRECTORIES + 2, 1);

    (void)state;
    for (size_t i = 0; i < DIRECTORIES; i++) {
        path[2 * i] = 'a';
        path[2 * i + 1] = '/';
    }
    path_set_add(set, "b", true);
    assert_int_equal(path_set_symlink_above(set, path), 0);
    path[2 * DIRECTORIES - 1] = '\0';
    assert_int_equal(path_set_add(set, path, true), PATH_NEW);
    path[2 * DIRECTORIES - 1] = '/';
    assert_int_equal(path_set_symlink_above(set, path), 2 * DIRECTORIES - 1);
}

/* Leading, doubled and missing bytes count; only the case of ASCII letters does not. */
static void test_paths_that_are_nearly_the_same(void **state)
{
    static const char *const paths[] = {"a",        "aa", "aaa", "ab",        "ba",        "\x01",
                                        "\x01\x01", "",   "a/b", "a\xc3\xa4", "a\xc3\x84", "a//b"};
    cleanup(path_set_freep) struct path_set *set = path_set_new();

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(path_set_add(set, paths[i], false), PATH_NEW);
    assert_int_equal(path_set_add(set, "A/b", false), PATH_CASE_VARIANT);
}

static void test_a_hundred_thousand_paths(void **state)
{
    cleanup(path_set_freep) struct path_set *set = path_set_new();
    char path[32];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        snprintf(path, sizeof path, "usr/lib/%d/file", i);
        assert_int_equal(path_set_add(set, path, i % 2), PATH_NEW);
    }
    for (int i = 0; i < 100000; i++) {
        bool is_symlink;
        int len = snprintf(path, sizeof path, "usr/lib/%d/file", i);

        assert_true(path_set_has(set, path, (size_t)len, &is_symlink));
        assert_int_equal(is_symlink, i % 2);
    }
    assert_false(path_set_has(set, "usr/lib/100000/file", 19, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_is_there_once),
        cmocka_unit_test(test_symlinks_above_a_path),
        cmocka_unit_test(test_a_path_of_a_million_directories),
        cmocka_unit_test(test_paths_that_are_nearly_the_same),
        cmocka_unit_test(test_a_hundred_thousand_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
