// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "registry/link.h"

static void assert_next(const char *header, const char *expected)
{
    cleanup_free char *target = NULL;
    struct error error;

    if (link_find_next(header, &target, &error) < 0)
        fail_msg("%s: %s", header, error.text);
    if (!expected)
        assert_null(target);
    else
        assert_string_equal(target, expected);
}

static void test_a_relation_may_be_written_in_many_ways(void **state)
{
    static const char *const headers[] = {
        "</p?n=2>; rel=\"next\"",
        "</p?n=2>; rel=next",
        "</p?n=2>;rel=next",
        "</p?n=2> ;\tREL = \"Next\"",
        "</p?n=2>; rel=\"prefetch next\"",
        "</p?n=2>; rel=\"next\" ; title=\"a, b; c\"",
        "</p?n=2>; title=\"say \\\"rel=prev\\\"\"; rel=next",
        "</p?n=2>; crossorigin; rel=next",
        "</p?n=2>; rel=next; rel=prev",
        "</1>; rel=\"first\", </p?n=2>; rel=\"next\"",
        "</p?n=2>; rel=\"next\", </1>; rel=\"prev\"",
        "</1>; title=\"<x>, rel=next\", , </p?n=2>; rel=next",
        "  </p?n=2>; rel=next  ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_next(headers[i], "/p?n=2");
    assert_next("<https://r.example/v2/a/tags/list?last=a,b;c>; rel=next",
                "https://r.example/v2/a/tags/list?last=a,b;c");
}

static void test_other_links_are_not_the_next_page(void **state)
{
    (void)state;
    assert_next("", NULL);
    assert_next("</docs>; rel=\"help\"; title=\"what is rel=\\\"next\\\"\"", NULL);
    assert_next("</1>; rel=prev; rel=next", NULL);
    assert_next("</1>; rel=nextpage", NULL);
    assert_next("</1>; title=next", NULL);
    assert_next("</1>", NULL);
}

static void test_what_cannot_be_read_is_an_error(void **state)
{
    static const char *const headers[] = {
        "next",       "</1; rel=next", "</1>; rel=\"next",
        "</1>; rel=", "</1> rel=next", "</1>; rel=\"x\\",
    };

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char *target = NULL;
        struct error error;

        assert_int_equal(link_find_next(headers[i], &target, &error), -1);
        assert_null(target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_relation_may_be_written_in_many_ways),
        cmocka_unit_test(test_other_links_are_not_the_next_page),
        cmocka_unit_test(test_what_cannot_be_read_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
