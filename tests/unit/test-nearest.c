// SPDX-License-Identifier: Apache-2.0
/* Which word was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const words[] = {"checkpoint", "convert", "copy", "pull", "cri-o", NULL};

static void test_distances(void **state)
{
    (void)state;
    assert_int_equal(nearest_distance("v1", "v1"), 0);
    assert_int_equal(nearest_distance("V1", "v1"), 0);
    assert_int_equal(nearest_distance("v1", "v12"), 0);
    assert_int_equal(nearest_distance("v12", "v1"), 1);
    assert_int_equal(nearest_distance("v21", "v12"), 1);
    assert_int_equal(nearest_distance("kitten", "sitting"), 3);
    assert_int_equal(nearest_distance("", "abc"), 3);
    assert_int_equal(nearest_distance("abc", ""), 3);
}

static void test_the_nearest(void **state)
{
    (void)state;
    assert_string_equal(nearest_find("conver", words), "convert");
    assert_string_equal(nearest_find("puul", words), "pull");
    assert_string_equal(nearest_find("crio", words), "cri-o");
    assert_string_equal(nearest_find("chekcpoint", words), "checkpoint");
    assert_null(nearest_find("transmogrify", words));
    assert_null(nearest_find("docker", words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distances),
        cmocka_unit_test(test_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
