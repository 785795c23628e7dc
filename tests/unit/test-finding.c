// SPDX-License-Identifier: Apache-2.0
/* What becomes of what the checks find, under each policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "archive/finding.h"
#include "base/memory.h"

static int report(struct findings *findings, enum check check, struct error *error)
{
    *error = (struct error){0};
    return finding_report(findings, check, "spec.dump", error, "found %d", 1);
}

static void test_a_refusal_stops_and_a_warning_does_not(void **state)
{
    struct findings findings = {0};
    struct error error;

    (void)state;
    assert_int_equal(report(&findings, CHECK_HOOK, &error), 0);
    assert_int_equal(report(&findings, CHECK_PATH_ESCAPE, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    assert_non_null(strstr(error.text, "path-escape: spec.dump: found 1; unpacking"));
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.list[0].level, FINDING_WARNING);
    assert_int_equal(findings_refusal(&findings)->check, CHECK_PATH_ESCAPE);
    findings_done(&findings);
}

static void test_strict_refuses_what_would_warn_and_allow_wins(void **state)
{
    struct findings findings = {.policy = {.strict = true, .allowed[CHECK_HOOK] = true}};
    struct error error;

    (void)state;
    assert_int_equal(report(&findings, CHECK_HOOK, &error), 0);
    assert_int_equal(findings.list[0].level, FINDING_ALLOWED);
    assert_int_equal(report(&findings, CHECK_HOST_MOUNT, &error), -1);
    findings_done(&findings);
}

static void test_an_allowed_refusal_warns(void **state)
{
    struct findings findings = {
        .policy = {.allowed[CHECK_PATH_ESCAPE] = true, .allowed[CHECK_MISSING_MEMBER] = true}};
    struct error error;

    (void)state;
    assert_int_equal(report(&findings, CHECK_PATH_ESCAPE, &error), 0);
    assert_int_equal(findings.list[0].level, FINDING_WARNING);
    assert_int_equal(report(&findings, CHECK_MISSING_MEMBER, &error), -1);
    findings_done(&findings);
}

static void test_collecting_goes_on_as_long_as_there_is_something(void **state)
{
    struct findings findings = {.policy = {.keeps_going = true}};
    struct error error;

    (void)state;
    assert_int_equal(report(&findings, CHECK_PATH_ESCAPE, &error), 0);
    assert_int_equal(error.kind, ERROR_NONE);
    assert_int_equal(report(&findings, CHECK_WHITEOUT, &error), 0);
    assert_int_equal(findings.refusals, 2);
    assert_int_equal(report(&findings, CHECK_DAMAGED_ARCHIVE, &error), -1);
    assert_int_equal(finding_report_fatal(&findings, CHECK_MEMBER_TYPE, NULL, &error, "x"), -1);
    findings_done(&findings);
}

static void test_the_list_is_bounded_and_the_rest_counted(void **state)
{
    struct findings findings = {.policy = {.keeps_going = true}};
    struct error error;

    (void)state;
    for (int i = 0; i < 1000; i++)
        report(&findings, CHECK_CASE_VARIANT, &error);
    report(&findings, CHECK_HOOK, &error);
    assert_int_equal(findings.count, FINDINGS_MAX_KEPT + 1);
    assert_int_equal(findings.counts[CHECK_CASE_VARIANT], 1000);
    findings_clear(&findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(findings.counts[CHECK_CASE_VARIANT], 0);
    assert_true(findings.policy.keeps_going);
    findings_done(&findings);
}

static void test_text_is_cleaned_for_terminals_and_json(void **state)
{
    struct findings findings = {0};
    struct member member = {.container = "rootfs-diff.tar", .path = "a\033\xff"};
    struct error error;

    (void)state;
    assert_int_equal(finding_report_member(&findings, CHECK_WHITEOUT, &member, &error,
                                           "\"%s\" \xe2\x80\xae", "\n"),
                     -1);
    cleanup_free char *line = finding_line(&findings.list[0]);
    assert_non_null(
        strstr(line, "whiteout: rootfs-diff.tar:a\\x1b\\xff: \"\\x0a\" \\xe2\\x80\\xae; "));
    json_t *json = findings_json(&findings);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "member")),
                        "rootfs-diff.tar:a\\x1b\\xff");
    assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "verdict")),
                        "refused");
    json_decref(json);
    findings_done(&findings);
}

static void test_every_check_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_info *info = check_info(i);
        enum check found;

        assert_non_null(info->name);
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(info->name));
        assert_true(check_find(info->name, &found));
        assert_int_equal(found, i);
        assert_non_null(info->consequence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_stops_and_a_warning_does_not),
        cmocka_unit_test(test_strict_refuses_what_would_warn_and_allow_wins),
        cmocka_unit_test(test_an_allowed_refusal_warns),
        cmocka_unit_test(test_collecting_goes_on_as_long_as_there_is_something),
        cmocka_unit_test(test_the_list_is_bounded_and_the_rest_counted),
        cmocka_unit_test(test_text_is_cleaned_for_terminals_and_json),
        cmocka_unit_test(test_every_check_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
