// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/secret.h"
#include "registry/challenge.h"

static void assert_token(const char *answer, const char *expected, int expected_lifetime_s)
{
    cleanup(secret_freep) char *token = NULL;
    struct error error;
    int lifetime_s;

    if (token_parse(&token, &lifetime_s, answer, strlen(answer), &error))
        fail_msg("%s: %s", answer, error.text);
    assert_string_equal(token, expected);
    assert_int_equal(lifetime_s, expected_lifetime_s);
}

static void test_takes_token_or_access_token(void **state)
{
    (void)state;
    assert_token("{\"token\":\"a.b-c\",\"expires_in\":300}", "a.b-c", 300);
    assert_token("{\"access_token\":\"x\",\"expires_in\":300}", "x", 300);
    assert_token("{\"token\":\"\",\"access_token\":\"x\",\"expires_in\":300}", "x", 300);
    assert_token("{\"token\":\"t\",\"access_token\":\"x\",\"expires_in\":300}", "t", 300);
}

static void test_lifetime_is_a_minute_unless_told_and_bounded(void **state)
{
    (void)state;
    assert_token("{\"token\":\"t\"}", "t", 60);
    assert_token("{\"token\":\"t\",\"expires_in\":\"300\"}", "t", 60);
    assert_token("{\"token\":\"t\",\"expires_in\":300.9}", "t", 300);
    assert_token("{\"token\":\"t\",\"expires_in\":-5}", "t", 0);
    assert_token("{\"token\":\"t\",\"expires_in\":9223372036854775807}", "t", TOKEN_MAX_LIFETIME_S);
}

static void test_refuses_answers_without_a_usable_token(void **state)
{
    static const char *const answers[] = {
        "",
        "not JSON",
        "[]",
        "{}",
        "{\"token\":\"\"}",
        "{\"token\":7}",
        "{\"token\":\"a\\r\\nX-Injected: 1\"}",
        "{\"token\":\"a b\"}",
        "{\"token\":\"\\u00e9\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char *token = NULL;
        struct error error;
        int lifetime_s;

        if (token_parse(&token, &lifetime_s, answers[i], strlen(answers[i]), &error) == 0)
            fail_msg("%s was taken", answers[i]);
        assert_null(token);
    }
}

static void test_basic_header_follows_the_rfc(void **state)
{
    cleanup(secret_freep) char *header = secret_basic("Aladdin", "open sesame");

    (void)state;
    assert_string_equal(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

static void test_base64_undoes_every_padding(void **state)
{
    static const char *const pairs[][2] = {{"dTpw", "u:p"},
                                           {"dTpwdw==", "u:pw"},
                                           {"dTpwd2Q=", "u:pwd"},
                                           {"8J+RjTo=", "\xf0\x9f\x91\x8d:"},
                                           {"dTpw\ndwo\r\n=\n", "u:pw\n"}};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t len;
        cleanup(secret_freep) char *text = secret_base64_decode(pairs[i][0], &len);

        assert_non_null(text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(len, strlen(pairs[i][1]));
    }
}

static void test_base64_refuses_other_text(void **state)
{
    static const char *const texts[] = {"", "\n", "dTp", "dT pw", "dT-w", "d\xc3\xa9w=", "dTpw!"};
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (secret_base64_decode(texts[i], &len))
            fail_msg("\"%s\" was taken", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_token_or_access_token),
        cmocka_unit_test(test_lifetime_is_a_minute_unless_told_and_bounded),
        cmocka_unit_test(test_refuses_answers_without_a_usable_token),
        cmocka_unit_test(test_basic_header_follows_the_rfc),
        cmocka_unit_test(test_base64_undoes_every_padding),
        cmocka_unit_test(test_base64_refuses_other_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
