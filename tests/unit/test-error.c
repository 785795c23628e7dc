// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void fill(char *text, size_t size)
{
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
}

static void test_set_fills_in_kind_and_text(void **state)
{
    struct error error = {.http_status = 404};

    (void)state;
    assert_int_equal(error_set(&error, ERROR_ARCHIVE, "member %d of %s", 3, "a.tar"), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    assert_int_equal(error.http_status, 0);
    assert_string_equal(error.text, "member 3 of a.tar");
}

static void test_set_errno_says_what_the_number_means(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(error_set_errno(&error, ENOSPC, "write %s", "disk"), -1);
    assert_int_equal(error.kind, ERROR_FAILED);
    assert_string_equal(error.text, "write disk: No space left on device");
}

static void test_context_and_advice_read_from_the_outside_in(void **state)
{
    struct error error;

    (void)state;
    error_set(&error, ERROR_NETWORK, "connection refused");
    assert_int_equal(error_context(&error, "upload %s", "layer"), -1);
    assert_int_equal(error_context(&error, "push x:1"), -1);
    assert_int_equal(error_advice(&error, "is port %d right?", 5000), -1);
    assert_string_equal(error.text, "push x:1: upload layer: connection refused; is port 5000 "
                                    "right?");
    assert_int_equal(error.kind, ERROR_NETWORK);
}

static void test_control_characters_never_reach_the_terminal(void **state)
{
    struct error error;

    (void)state;
    error_set(&error, ERROR_FAILED, "a\033[2Jb\nc\x7f%s", "\r");
    assert_string_equal(error.text, "a [2Jb c  ");
    error_context(&error, "in\tfront");
    assert_string_equal(error.text, "in front: a [2Jb c  ");
    error_advice(&error, "be\033hind");
    assert_string_equal(error.text, "in front: a [2Jb c  ; be hind");
}

static void test_utf8_passes(void **state)
{
    struct error error;

    (void)state;
    error_set(&error, ERROR_FAILED, "prüfe");
    assert_string_equal(error.text, "prüfe");
}

/* U+009B starts an order to a terminal, U+202E turns the text around, U+2028 ends a line for some;
 * the last ones are no UTF-8, which JSON cannot hold. */
static void test_what_cannot_be_shown_is_written_out(void **state)
{
    struct error error;

    (void)state;
    error_set(&error, ERROR_FAILED,
              "a\xc2\x9b"
              "b%s",
              "\xe2\x80\xae");
    assert_string_equal(error.text, "a\\xc2\\x9bb\\xe2\\x80\\xae");
    error_context(&error, "in\xe2\x80\xa8");
    assert_string_equal(error.text, "in\\xe2\\x80\\xa8: a\\xc2\\x9bb\\xe2\\x80\\xae");
    error_set(&error, ERROR_FAILED, "x");
    error_advice(&error, "\xff%.1s", "é");
    assert_string_equal(error.text, "x; \\xff\\xc3");
    error_set_errno(&error, ENOENT, "\xfe");
    assert_string_equal(error.text, "\\xfe: No such file or directory");
}

static void test_a_text_is_cut_at_a_whole_character(void **state)
{
    struct error error;
    char text[ERROR_TEXT_SIZE + 2];

    (void)state;
    for (size_t room = 0; room < 6; room++) {
        fill(text, ERROR_TEXT_SIZE - room);
        error_set(&error, ERROR_FAILED, "%s日", text);
        assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1 - room + (room < 3 ? 0 : 3));
        fill(text, ERROR_TEXT_SIZE - room - 1);
        error_set(&error, ERROR_FAILED, "日");
        error_context(&error, "%s", text + 2);
        assert_true(strlen(error.text) < ERROR_TEXT_SIZE);
        assert_false(error.text[strlen(error.text) - 1] == '\xe6');
    }
}

static void test_long_texts_are_cut_and_terminated(void **state)
{
    char text[2 * ERROR_TEXT_SIZE];
    struct error error;

    (void)state;
    fill(text, sizeof text);
    error_set(&error, ERROR_FAILED, "%s", text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    error_set_errno(&error, EIO, "%s", text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    error_advice(&error, "%s", text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    error_context(&error, "outer");
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    assert_memory_equal(error.text, "outer: xxx", 10);
    error_context(&error, "%s", text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
}

static void test_advice_fills_the_last_bytes_exactly(void **state)
{
    struct error error;

    (void)state;
    for (int room = 0; room < 8; room++) {
        char text[ERROR_TEXT_SIZE];

        fill(text, sizeof text - (size_t)room);
        error_set(&error, ERROR_FAILED, "%s", text);
        error_advice(&error, "abc");
        assert_true(strlen(error.text) < ERROR_TEXT_SIZE);
        assert_memory_equal(error.text, text, strlen(text));
    }
}

static void test_exit_status_follows_the_kind(void **state)
{
    static const struct {
        enum error_kind kind;
        int status;
    } documented[] = {
        {ERROR_NONE, 0},         {ERROR_FAILED, 1},  {ERROR_USAGE, 2},         {ERROR_ARCHIVE, 3},
        {ERROR_UNAUTHORIZED, 4}, {ERROR_NETWORK, 1}, {ERROR_INTERRUPTED, 130},
    };

    (void)state;
    for (size_t i = 0; i < sizeof documented / sizeof *documented; i++) {
        struct error error = {.kind = documented[i].kind};

        assert_int_equal(error_exit_status(&error), documented[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_in_kind_and_text),
        cmocka_unit_test(test_set_errno_says_what_the_number_means),
        cmocka_unit_test(test_context_and_advice_read_from_the_outside_in),
        cmocka_unit_test(test_control_characters_never_reach_the_terminal),
        cmocka_unit_test(test_utf8_passes),
        cmocka_unit_test(test_what_cannot_be_shown_is_written_out),
        cmocka_unit_test(test_a_text_is_cut_at_a_whole_character),
        cmocka_unit_test(test_long_texts_are_cut_and_terminated),
        cmocka_unit_test(test_advice_fills_the_last_bytes_exactly),
        cmocka_unit_test(test_exit_status_follows_the_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
