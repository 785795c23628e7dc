// SPDX-License-Identifier: Apache-2.0
/* Values as YAML: what is read back is what was written, also by who knows YAML 1.1 only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "yaml/yaml.h"

static void assert_yaml(json_t *value, const char *expected)
{
    cleanup_free char *yaml = yaml_from_json(value);

    assert_string_equal(yaml, expected);
    json_decref(value);
}

static void test_structure(void **state)
{
    (void)state;
    assert_yaml(json_pack("{s:s, s:{s:i, s:b, s:n}, s:[s, {s:[], s:{}}]}", "kind", "Pod", "b",
                          "two", 2, "yes", 1, "nothing", "a", "x", "e", "o"),
                "kind: Pod\n"
                "b:\n"
                "  two: 2\n"
                "  \"yes\": true\n"
                "  nothing: null\n"
                "a:\n"
                "- x\n"
                "- e: []\n"
                "  o: {}\n");
}

/* Each would be something else, or end the value, if it were not quoted. */
static void test_quoted(void **state)
{
    static const char *const texts[] = {
        "",     "yes",  "No",    "TRUE", "on",   "off", "y",          "null",  "~",
        "1",    "1e3",  "0x1f",  "-1",   ".inf", "0o7", "12:30:45",   "1_000", "2026-11-24",
        "a: b", "a #b", " a",    "a ",   "- a",  "? a", "[a]",        "{a}",   "*a",
        "&a",   "!a",   "|",     ">",    "%a",   "@a",  "`a",         "'a'",   "a:",
        "#a",   "---",  "1.5Gi", "500m", "<<",   "=",   "trailing\\", "..",    "nan",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cleanup_free char *yaml = NULL;
        json_t *value = json_pack("[s]", texts[i]);

        yaml = yaml_from_json(value);
        if (yaml[2] != '"')
            fail_msg("\"%s\" is written as %s", texts[i], yaml);
        json_decref(value);
    }
}

static void test_plain(void **state)
{
    static const char *const texts[] = {
        "Pod",   "kubernetes.io/arch",      "a b",       "/var/lib/x", "FILL-IN",
        "a.b_c", "example:5000/x@sha256:1", "yesterday", "nullable"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cleanup_free char *expected = xasprintf("- %s\n", texts[i]);

        assert_yaml(json_pack("[s]", texts[i]), expected);
    }
}

static void test_escaped(void **state)
{
    (void)state;
    assert_yaml(json_pack("[s]", "a\nb\x1b[31m\"\\"), "- \"a\\nb\\e[31m\\\"\\\\\"\n");
    assert_yaml(json_pack("[s]", "\xc3\xa9\xe2\x80\xae"), "- \"\\xE9\\u202E\"\n");
    assert_yaml(json_pack("[s#]", "a\0b", 3), "- \"a\\0b\"\n");
}

/* A long line stays one: commands and references are to be copied. */
static void test_long(void **state)
{
    cleanup_free char *text = xasprintf("%0300d %0300d", 1, 2);
    cleanup_free char *expected = xasprintf("- \"%s\"\n", text);

    (void)state;
    assert_yaml(json_pack("[s]", text), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure), cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_escaped),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
