// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "registry/answer.h"

static void assert_says(int status, const char *body, const char *expected)
{
    struct error error;

    assert_int_equal(refusal_set(&error, status, body, strlen(body)), -1);
    assert_string_equal(error.text, expected);
    assert_int_equal(error.http_status, status);
}

static void test_shows_code_and_message(void **state)
{
    (void)state;
    assert_says(403,
                "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"requested access to the resource "
                "is denied\",\"detail\":[{\"Type\":\"repository\"}]}]}",
                "403 Forbidden: DENIED: requested access to the resource is denied");
    assert_says(404, "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"\"}]}",
                "404 Not Found: NAME_UNKNOWN");
    assert_says(404, "{\"errors\":[{\"message\":\"no such project\"}]}",
                "404 Not Found: no such project");
}

static void test_shows_the_detail_where_it_says_more(void **state)
{
    (void)state;
    assert_says(400,
                "{\"errors\":[{\"code\":\"MANIFEST_INVALID\",\"message\":\"manifest invalid\","
                "\"detail\":{\"reason\":\"no zstd\"}}]}",
                "400 Bad Request: MANIFEST_INVALID: manifest invalid {\"reason\":\"no zstd\"}");
    assert_says(400, "{\"errors\":[{\"code\":\"X\",\"message\":\"m\",\"detail\":\"why\"}]}",
                "400 Bad Request: X: m (why)");
    assert_says(401,
                "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"m\",\"detail\":{\"a\":1}}]}",
                "401 Unauthorized: UNAUTHORIZED: m");
}

static void test_shows_the_first_three_errors(void **state)
{
    (void)state;
    assert_says(
        400, "{\"errors\":[{\"code\":\"A\"},{\"code\":\"B\"},{\"code\":\"C\"},{\"code\":\"D\"}]}",
        "400 Bad Request: A; B; C");
}

static void test_understands_other_services(void **state)
{
    (void)state;
    assert_says(401, "{\"details\":\"incorrect username or password\"}",
                "401 Unauthorized: incorrect username or password");
    assert_says(400, "{\"error\":\"invalid_grant\",\"error_description\":\"expired\"}",
                "400 Bad Request: expired");
}

static void test_web_pages_are_cut_down_to_their_title(void **state)
{
    (void)state;
    assert_says(413,
                "<html>\r\n<head><TITLE>413 Request Entity Too Large</TITLE></head>\r\n<body>"
                "<center>nginx</center></body></html>",
                "413 Content Too Large: 413 Request Entity Too Large");
    assert_says(502, "<!DOCTYPE html><body>oops</body>", "502 Bad Gateway");
}

static void test_plain_text_is_shown_and_cut(void **state)
{
    cleanup_free char *text = xcalloc(5000, 1);
    struct error error;

    (void)state;
    assert_says(500, "\n upstream failed\r\n", "500 Internal Server Error: upstream failed");
    memset(text, 'x', 4999);
    refusal_set(&error, 500, text, 4999);
    assert_true(strlen(error.text) < 400);
}

static void test_shows_the_status_alone_where_nothing_makes_sense(void **state)
{
    (void)state;
    assert_says(429, "", "429 Too Many Requests");
    assert_says(599, "{\"errors\":[{\"code\":", "599");
    assert_says(400, "{\"errors\":\"text\"}", "400 Bad Request");
    assert_says(400, "{\"errors\":[1,null,[],{\"code\":7,\"message\":{}}]}", "400 Bad Request");
}

static void test_control_characters_do_not_reach_the_terminal(void **state)
{
    struct error error;
    const char *body = "{\"errors\":[{\"code\":\"X\",\"message\":\"a\\u001b[2J\\nb\"}]}";

    (void)state;
    refusal_set(&error, 400, body, strlen(body));
    assert_null(strchr(error.text, '\033'));
    assert_null(strchr(error.text, '\n'));
}

static void test_long_messages_stay_within_bounds(void **state)
{
    cleanup_free char *filler = xcalloc(4001, 1);
    cleanup_free char *body = NULL;
    struct error error;

    (void)state;
    memset(filler, 'm', 4000);
    body = xasprintf("{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\",\"detail\":\"%s\"},"
                     "{\"code\":\"%s\",\"message\":\"%s\",\"detail\":\"%s\"}]}",
                     filler, filler, filler, filler, filler, filler);
    refusal_set(&error, 400, body, strlen(body));
    assert_true(strlen(error.text) < 1500);
}

static void test_rights_are_an_error_of_their_own_kind(void **state)
{
    struct error error;

    (void)state;
    refusal_set(&error, 401, "", 0);
    assert_int_equal(error.kind, ERROR_UNAUTHORIZED);
    refusal_set(&error, 403, "", 0);
    assert_int_equal(error.kind, ERROR_UNAUTHORIZED);
    refusal_set(&error, 404, "", 0);
    assert_int_equal(error.kind, ERROR_FAILED);
}

static void test_finds_a_code_in_any_place(void **state)
{
    const char *body = "{\"errors\":[{\"code\":\"A\"},{\"code\":\"UNSUPPORTED\"}]}";

    (void)state;
    assert_true(refusal_has_code(body, strlen(body), "UNSUPPORTED"));
    assert_false(refusal_has_code(body, strlen(body), "UNSUPPORTE"));
    assert_false(refusal_has_code("UNSUPPORTED", strlen("UNSUPPORTED"), "UNSUPPORTED"));
    assert_false(refusal_has_code(NULL, 0, "A"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows_code_and_message),
        cmocka_unit_test(test_shows_the_detail_where_it_says_more),
        cmocka_unit_test(test_shows_the_first_three_errors),
        cmocka_unit_test(test_understands_other_services),
        cmocka_unit_test(test_web_pages_are_cut_down_to_their_title),
        cmocka_unit_test(test_plain_text_is_shown_and_cut),
        cmocka_unit_test(test_shows_the_status_alone_where_nothing_makes_sense),
        cmocka_unit_test(test_control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(test_long_messages_stay_within_bounds),
        cmocka_unit_test(test_rights_are_an_error_of_their_own_kind),
        cmocka_unit_test(test_finds_a_code_in_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
