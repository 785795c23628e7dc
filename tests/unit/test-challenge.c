// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "registry/challenge.h"

static void assert_same(const char *actual, const char *expected)
{
    if (expected) {
        assert_non_null(actual);
        assert_string_equal(actual, expected);
    } else {
        assert_null(actual);
    }
}

static void assert_challenge(const struct challenge_list *list, size_t i, const char *scheme,
                             const char *realm, const char *service)
{
    assert_true(i < list->count);
    assert_string_equal(list->items[i].scheme, scheme);
    assert_same(list->items[i].realm, realm);
    assert_same(list->items[i].service, service);
}

static void test_reads_what_docker_hub_sends(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(
        challenge_parse(&list, "Bearer realm=\"https://auth.docker.io/token\","
                               "service=\"registry.docker.io\","
                               "scope=\"repository:library/x:pull,push\",error=\"invalid_token\""),
        0);
    assert_int_equal(list.count, 1);
    assert_challenge(&list, 0, "Bearer", "https://auth.docker.io/token", "registry.docker.io");
    assert_string_equal(list.items[0].scope, "repository:library/x:pull,push");
}

static void test_reads_several_challenges_in_one_header(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list,
                                     "Newauth realm=\"apps, all\", type=1, title=\"Log \\\"in"
                                     "\\\"\", Basic realm=\"simple\" , ,Bearer "
                                     "service = s ,realm=\"r\""),
                     0);
    assert_int_equal(list.count, 3);
    assert_challenge(&list, 0, "Newauth", "apps, all", NULL);
    assert_challenge(&list, 1, "Basic", "simple", NULL);
    assert_challenge(&list, 2, "Bearer", "r", "s");
}

static void test_adds_the_challenges_of_further_headers(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "Negotiate"), 0);
    assert_int_equal(challenge_parse(&list, "Basic realm=\"b\""), 0);
    assert_int_equal(list.count, 2);
    assert_challenge(&list, 0, "Negotiate", NULL, NULL);
    assert_challenge(&list, 1, "Basic", "b", NULL);
}

static void test_takes_unquoted_values_that_are_no_tokens(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "Basic realm=/"), 0);
    assert_int_equal(challenge_parse(&list, "Bearer realm=https://a.example/t?x=1,service=a.b"), 0);
    assert_challenge(&list, 0, "Basic", "/", NULL);
    assert_challenge(&list, 1, "Bearer", "https://a.example/t?x=1", "a.b");
}

static void test_undoes_backslashes_in_quotes(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "Bearer realm=\"a\\\\b\\\"c\\d, e\",service=\"\""), 0);
    assert_challenge(&list, 0, "Bearer", "a\\b\"cd, e", "");
}

static void test_ignores_case_in_scheme_and_names(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "BEARER Realm=\"r\",SERVICE=\"s\""), 0);
    assert_challenge(&list, 0, "BEARER", "r", "s");
    assert_ptr_equal(challenge_find(&list, "bearer"), &list.items[0]);
    assert_null(challenge_find(&list, "Basic"));
}

static void test_passes_over_token68(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "Negotiate YIIB/+aGVsbG8==, Basic realm=\"b\""), 0);
    assert_int_equal(list.count, 2);
    assert_challenge(&list, 0, "Negotiate", NULL, NULL);
    assert_challenge(&list, 1, "Basic", "b", NULL);
}

static void test_keeps_the_first_of_a_repeated_parameter(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "Bearer realm=\"1\",realm=\"2\""), 0);
    assert_challenge(&list, 0, "Bearer", "1", NULL);
}

static void test_refuses_what_is_malformed_and_keeps_what_it_had(void **state)
{
    static const char *const headers[] = {
        "Bearer realm=\"open",   "Bearer realm=\"open\\",
        "realm=\"nobody's\"",    "=x",
        "\"Basic\" realm=x",     "Basic realm=\"a\"; charset=x",
        "Basic realm=\"x\" = y", "Bearer realm=\"1\", (comment)",
    };
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, "Basic realm=\"kept\""), 0);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (challenge_parse(&list, headers[i]) == 0)
            fail_msg("%s was taken", headers[i]);
        assert_int_equal(list.count, 1);
    }
    assert_challenge(&list, 0, "Basic", "kept", NULL);
}

static void test_an_empty_header_asks_for_nothing(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    assert_int_equal(challenge_parse(&list, ""), 0);
    assert_int_equal(challenge_parse(&list, " , ,"), 0);
    assert_int_equal(list.count, 0);
}

static void test_stops_counting_at_the_limit(void **state)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    (void)state;
    for (int i = 0; i < CHALLENGES_MAX + 3; i++)
        assert_int_equal(challenge_parse(&list, "X realm=\"first\", Y realm=\"second\""), 0);
    assert_int_equal(list.count, CHALLENGES_MAX);
    assert_challenge(&list, CHALLENGES_MAX - 1, "Y", "second", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_docker_hub_sends),
        cmocka_unit_test(test_reads_several_challenges_in_one_header),
        cmocka_unit_test(test_adds_the_challenges_of_further_headers),
        cmocka_unit_test(test_takes_unquoted_values_that_are_no_tokens),
        cmocka_unit_test(test_undoes_backslashes_in_quotes),
        cmocka_unit_test(test_ignores_case_in_scheme_and_names),
        cmocka_unit_test(test_passes_over_token68),
        cmocka_unit_test(test_keeps_the_first_of_a_repeated_parameter),
        cmocka_unit_test(test_refuses_what_is_malformed_and_keeps_what_it_had),
        cmocka_unit_test(test_an_empty_header_asks_for_nothing),
        cmocka_unit_test(test_stops_counting_at_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
