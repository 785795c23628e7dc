// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/answer.h"

static void test_the_rest_is_taken(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(content_range_check("bytes 5-9/10", 5, 10, &error), 0);
    assert_int_equal(content_range_check("bytes 5-9/*", 5, 10, &error), 0);
    /* Less than asked for: what is missing is asked for again. */
    assert_int_equal(content_range_check("bytes 5-7/10", 5, 10, &error), 0);
}

static void test_other_bytes_are_refused(void **state)
{
    static const char *const wrong[] = {
        "bytes 0-9/10",
        "bytes 6-9/10",
        "bytes 5-9/11",
        "bytes 5-9",
        "bytes */10",
        "5-9/10",
        "",
        "bytes 5-9/10x",
        "bytes 99999999999999999999-9/10",
        "bytes -5-9/10",
        NULL,
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(content_range_check(wrong[i], 5, 10, &error), -1);
}

static void test_what_an_upload_has(void **state)
{
    static const char *const wrong[] = {
        "",     "0-",        "1-5",
        "0- 5", "0--5",      "0--18446744073709551615",
        "0-5x", "bytes 0-5", "0-9223372036854775807",
        NULL,
    };

    (void)state;
    assert_int_equal(content_range_kept("0-0"), 0);
    assert_int_equal(content_range_kept("0-1023"), 1023);
    assert_int_equal(content_range_kept("bytes=0-1023"), 1023);
    assert_int_equal(content_range_kept(NULL), -1);
    for (size_t i = 0; wrong[i]; i++)
        if (content_range_kept(wrong[i]) != -1)
            fail_msg("\"%s\" was taken", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rest_is_taken),
        cmocka_unit_test(test_other_bytes_are_refused),
        cmocka_unit_test(test_what_an_upload_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
