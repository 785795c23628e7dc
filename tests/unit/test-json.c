// SPDX-License-Identifier: Apache-2.0
/* What is taken from a JSON document, and what is said of text that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

/* A member of each type; what is asked for is missing in all but one way. */
static const char document[] = "{\"text\": \"abc\", \"empty\": \"\", \"number\": -5, \"real\": 1.5,"
                               " \"true\": true, \"false\": false, \"null\": null,"
                               " \"list\": [\"abc\"], \"object\": {\"text\": \"deep\"}}";
static const char *const no_texts[] = {"number", "real", "true",   "false",  "null",
                                       "list",   "",     "object", "absent", "Text"};

static int parse(void **state)
{
    *state = json_parse(document, sizeof document - 1, NULL);
    return *state ? 0 : -1;
}

static int release(void **state)
{
    json_decref(*state);
    return 0;
}

static void test_text(void **state)
{
    const json_t *object = *state;

    assert_string_equal(json_get_text(object, "text"), "abc");
    assert_string_equal(json_get_text(object, "empty"), "");
    for (size_t i = 0; i < sizeof no_texts / sizeof *no_texts; i++)
        assert_null(json_get_text(object, no_texts[i]));
}

static void test_text_that_is_not_empty(void **state)
{
    const json_t *object = *state;
    cleanup_free char *copy = json_copy_nonempty(object, "text");

    assert_string_equal(json_get_nonempty(object, "text"), "abc");
    assert_string_equal(copy, "abc");
    assert_ptr_not_equal(copy, json_get_text(object, "text"));
    assert_null(json_get_nonempty(object, "empty"));
    assert_null(json_copy_nonempty(object, "empty"));
    for (size_t i = 0; i < sizeof no_texts / sizeof *no_texts; i++) {
        assert_null(json_get_nonempty(object, no_texts[i]));
        assert_null(json_copy_nonempty(object, no_texts[i]));
    }
}

static void test_text_that_is_compared(void **state)
{
    const json_t *object = *state;

    assert_true(json_text_is(object, "text", "abc"));
    assert_true(json_text_is(object, "empty", ""));
    assert_false(json_text_is(object, "text", "ab"));
    assert_false(json_text_is(object, "text", "abcd"));
    assert_false(json_text_is(object, "text", "ABC"));
    for (size_t i = 0; i < sizeof no_texts / sizeof *no_texts; i++) {
        assert_false(json_text_is(object, no_texts[i], ""));
        assert_false(json_text_is(object, no_texts[i], "abc"));
    }
}

static void test_integer(void **state)
{
    static const char *const others[] = {"text", "real",   "true",  "null",
                                         "list", "object", "absent"};
    cleanup(json_decrefp) json_t *large = json_pack("{s:I}", "n", (json_int_t)INT64_MIN);

    assert_int_equal(json_get_integer(*state, "number"), -5);
    assert_true(json_get_integer(large, "n") == INT64_MIN);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(json_get_integer(*state, others[i]), 0);
}

static void test_bool(void **state)
{
    static const char *const others[] = {"false", "text",   "number", "real",
                                         "null",  "object", "list",   "absent"};

    assert_true(json_get_bool(*state, "true"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(json_get_bool(*state, others[i]));
}

static void test_what_is_no_object_has_no_members(void **state)
{
    const json_t *list = json_object_get(*state, "list");
    const json_t *const others[] = {NULL, list, json_array_get(list, 0),
                                    json_object_get(*state, "null")};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_null(json_get_text(others[i], "text"));
        assert_null(json_get_nonempty(others[i], "text"));
        assert_null(json_copy_nonempty(others[i], "text"));
        assert_false(json_text_is(others[i], "text", "abc"));
        assert_int_equal(json_get_integer(others[i], "number"), 0);
        assert_false(json_get_bool(others[i], "true"));
    }
}

static void test_nothing_that_is_shown_drives_a_terminal(void **state)
{
    cleanup(json_decrefp) json_t *array = json_array();
    cleanup_free char *shown = NULL;

    (void)state;
    json_array_append_new(array, utf8_text("\x1b\x7f\xc2\x9b\xe2\x80\xae\xff"));
    shown = json_show(array, JSON_COMPACT);
    assert_string_equal(shown, "[\"\\u001B\\u007f\\u009B\\u202E\\uFFFD\"]");
}

static void test_text_is_set_if_there_is_one(void **state)
{
    cleanup(json_decrefp) json_t *object = json_pack("{s:s}", "old", "1");

    (void)state;
    json_set_text(object, "old", "2");
    json_set_text(object, "old", NULL);
    json_set_text(object, "new", "grün");
    json_set_text(object, "empty", "");
    json_set_text(object, "none", NULL);
    json_set_text(object, "bytes", "a\xc3");
    assert_int_equal(json_object_size(object), 4);
    assert_true(json_text_is(object, "bytes", "a\xef\xbf\xbd"));
    assert_true(json_text_is(object, "old", "2"));
    assert_true(json_text_is(object, "new", "grün"));
    assert_true(json_text_is(object, "empty", ""));
}

static void test_true_is_set_and_false_left_out(void **state)
{
    cleanup(json_decrefp) json_t *object = json_pack("{s:b, s:s}", "kept", 1, "text", "abc");

    (void)state;
    json_set_true(object, "kept", false);
    json_set_true(object, "text", true);
    json_set_true(object, "new", true);
    json_set_true(object, "none", false);
    assert_int_equal(json_object_size(object), 3);
    assert_true(json_get_bool(object, "kept"));
    assert_true(json_get_bool(object, "text"));
    assert_true(json_get_bool(object, "new"));
}

static void test_what_is_filled_is_set(void **state)
{
    cleanup(json_decrefp) json_t *object = json_object(), *kept = json_array();

    (void)state;
    json_set_filled(object, "list", json_pack("[s]", "abc"));
    json_set_filled(object, "object", json_pack("{s:s}", "text", "abc"));
    json_set_filled(object, "empty list", json_array());
    json_set_filled(object, "empty object", json_object());
    json_set_filled(object, "text", json_string("abc"));
    json_set_filled(object, "none", NULL);
    json_set_filled(object, "list", json_incref(kept));
    assert_int_equal(json_object_size(object), 2);
    assert_int_equal(json_array_size(json_object_get(object, "list")), 1);
    assert_true(json_text_is(json_object_get(object, "object"), "text", "abc"));
    assert_int_equal(kept->refcount, 1);
}

#define TEXT(literal) literal, sizeof(literal) - 1

static void test_what_is_parsed(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {{TEXT("{}")},
                 {TEXT("[]")},
                 {TEXT(" \n[1, \"a\"]\t\n")},
                 {TEXT("{\"a\": {\"b\": 1}, \"c\": {\"b\": 2}}")},
                 {"[]]", 2}}; /* no byte behind `len` counts */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {.text = "as it was"};
        cleanup(json_decrefp) json_t *json = json_parse(cases[i].bytes, cases[i].len, &error);

        assert_non_null(json);
        assert_int_equal(error.kind, ERROR_NONE);
        assert_string_equal(error.text, "as it was");
    }
}

static void test_what_is_no_json_is_explained(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
        {NULL, 0, "'[' or '{' expected near end of file in line 1"},
        {TEXT(""), "'[' or '{' expected near end of file in line 1"},
        {TEXT("{\"a\":\n1"), "'}' expected near end of file in line 2"},
        {TEXT("\"text\""), "'[' or '{' expected near '\"text\"' in line 1"},
        {TEXT("{} {}"), "end of file expected near '{' in line 1"},
        {TEXT("{\"a\": 1,\n\"a\": 2}"), "duplicate object key near '\"a\"' in line 2"},
        {TEXT("[\"a\xff\"]"), "unable to decode byte 0xff near '\"a' in line 1"},
        {TEXT("[\"a\0\"]"), "control character 0x0 near '\"a' in line 1"},
        {TEXT("[\"\\u0000\"]"),
         "\\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"' in line 1"},
        {TEXT("[\x1b]"), "invalid token near ' ' in line 1"}, /* nothing for the terminal */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {.http_status = 404};

        assert_null(json_parse(cases[i].bytes, cases[i].len, NULL));
        assert_null(json_parse(cases[i].bytes, cases[i].len, &error));
        assert_int_equal(error.kind, ERROR_FAILED);
        assert_int_equal(error.http_status, 0);
        assert_string_equal(error.text, cases[i].text);
    }
}

/* As Go does it, where jansson does not of itself. */
static void test_what_go_takes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *dumped; /* by jansson, with reals of one digit */
    } cases[] = {
        {TEXT("null"), "null"},
        {TEXT(" \"a\" "), "\"a\""},
        {TEXT("\"a\\u0000b\""), "\"a\\u0000b\""},
        {TEXT("[9223372036854775807,-9223372036854775808]"),
         "[9223372036854775807,-9223372036854775808]"},
        {TEXT("[18446744073709551615]"), "[2e19]"},
        {TEXT("[-9223372036854775809,9223372036854775808]"), "[-9e18,9e18]"},
        {TEXT("{\"18446744073709551615\":[\"\\\"18446744073709551615\"]}"),
         "{\"18446744073709551615\":[\"\\\"18446744073709551615\"]}"},
        {TEXT("[1e2,-0]"), "[1e2,0]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t left = JSON_GO_MAX_VALUES;
        struct error error = {0};
        cleanup(json_decrefp) json_t *json =
            json_parse_go(cases[i].bytes, cases[i].len, &left, &error);
        cleanup_free char *dumped =
            json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(1));

        assert_non_null(json);
        assert_string_equal(dumped, cases[i].dumped);
        assert_true(left < JSON_GO_MAX_VALUES);
    }
}

static void test_what_go_does_not_take(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {TEXT("")},
        {TEXT("{} {}")},
        {TEXT("[1]\0")},
        {TEXT("[1\0]")},
        {TEXT("{\"a\":1\0,\"b\":2}")},
        {TEXT("\xef\xbb\xbf{}")},
        {TEXT("{\"a\":1,\"\\u0061\":2}")},
        {TEXT("[\"\\ud800\"]")},
        {TEXT("[\"\xed\xa0\x80\"]")},
        {TEXT("[\"\xc0\xaf\"]")},
        {TEXT("[018446744073709551615]")},
        {TEXT("[18446744073709551615-]")},
        {TEXT("[99999999999999999999-1]")},
        {TEXT("[+18446744073709551615]")},
        {TEXT("[18446744073709551615.]")},
        {TEXT("[1e400]")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t left = JSON_GO_MAX_VALUES;
        struct error error = {0};

        assert_null(json_parse_go(cases[i].bytes, cases[i].len, &left, &error));
        assert_int_equal(strncmp(error.text, "not valid JSON: ", 16), 0);
    }
}

/* "[" or "{}," or the like so often, and what goes behind. */
static json_t *parse_repeated(const char *text, size_t count, const char *end, size_t *left,
                              struct error *error)
{
    cleanup(buffer_done) struct buffer buffer = {0};

    buffer_init(&buffer, 16 << 20);
    buffer_append(&buffer, "[", 1);
    for (size_t i = 0; i < count; i++)
        buffer_append(&buffer, text, strlen(text));
    buffer_append(&buffer, end, strlen(end));
    return json_parse_go(buffer.data, buffer.len, left, error);
}

static void test_what_go_takes_has_limits(void **state)
{
    size_t left = JSON_GO_MAX_VALUES;
    struct error error = {0};

    (void)state;
    json_decref(parse_repeated("{},", JSON_GO_MAX_VALUES - 2, "1]", &left, &error));
    assert_int_equal(left, 0);
    assert_null(parse_repeated("", 0, "]", &left, &error));
    assert_string_equal(error.text, "too large: it has more than 262144 values");
    left = JSON_GO_MAX_VALUES;
    assert_null(parse_repeated("{},", JSON_GO_MAX_VALUES - 1, "1]", &left, &error));
    assert_null(parse_repeated("[", JSON_GO_MAX_DEPTH - 1, "]", &left, &error));
    left = JSON_GO_MAX_VALUES;
    assert_null(parse_repeated("[", JSON_GO_MAX_DEPTH, "]", &left, &error));
    assert_string_equal(error.text, "nested more than 200 deep");
    left = 5;
    json_decref(parse_repeated("{\"a\":[\"x\"]}", 1, "]", &left, &error));
    assert_int_equal(left, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_that_is_not_empty),
        cmocka_unit_test(test_text_that_is_compared),
        cmocka_unit_test(test_integer),
        cmocka_unit_test(test_bool),
        cmocka_unit_test(test_what_is_no_object_has_no_members),
        cmocka_unit_test(test_text_is_set_if_there_is_one),
        cmocka_unit_test(test_nothing_that_is_shown_drives_a_terminal),
        cmocka_unit_test(test_true_is_set_and_false_left_out),
        cmocka_unit_test(test_what_is_filled_is_set),
        cmocka_unit_test(test_what_is_parsed),
        cmocka_unit_test(test_what_is_no_json_is_explained),
        cmocka_unit_test(test_what_go_takes),
        cmocka_unit_test(test_what_go_does_not_take),
        cmocka_unit_test(test_what_go_takes_has_limits),
    };

    return cmocka_run_group_tests(tests, parse, release);
}
