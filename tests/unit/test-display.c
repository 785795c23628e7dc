// SPDX-License-Identifier: Apache-2.0
/* Text from outside, made fit to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"

static void test_what_is_shown(void **state)
{
    static const char *const cases[][2] = {
        {"etc/passwd", "etc/passwd"},
        {"", ""},
        {"grün 日本 😀", "grün 日本 😀"},
        {"a\033[2Jb\n", "a\\x1b[2Jb\\x0a"},
        {"evil\xe2\x80\xaegpj.sh", "evil\\xe2\\x80\\xaegpj.sh"}, /* U+202E turns the text */
        {"a\xe2\x80\x8b", "a\\xe2\\x80\\x8b"},                   /* U+200B is invisible */
        {"\xc2\x9b", "\\xc2\\x9b"},                              /* C1: starts a sequence */
        {"\xff\xc0\xaf", "\\xff\\xc0\\xaf"},                     /* no UTF-8, overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                     /* a surrogate */
        {"half\xe2\x80", "half\\xe2\\x80"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_free char *shown = display_text(cases[i][0], 100);

        assert_string_equal(shown, cases[i][1]);
    }
}

static void test_length_is_bounded_at_whole_characters(void **state)
{
    cleanup_free char *exact = display_text("12345", 5), *cut = display_text("1234é", 5),
                      *escaped = display_text("12\n", 5);

    (void)state;
    assert_string_equal(exact, "12345");
    assert_string_equal(cut, "1234...");
    assert_string_equal(escaped, "12...");
}

static void test_hidden_text_is_known(void **state)
{
    (void)state;
    assert_false(display_hides("Dokumente/Grüße 日本.txt"));
    assert_true(display_hides("a\tb"));
    assert_true(display_hides("a\xe2\x80\xae"));
    assert_true(display_hides("\xfe"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_shown),
        cmocka_unit_test(test_length_is_bounded_at_whole_characters),
        cmocka_unit_test(test_hidden_text_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
