// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "yaml/yaml.h"

static void assert_reads(const char *yaml, const char *json)
{
    cleanup(json_decrefp) json_t *document = NULL;
    cleanup_free char *text = NULL;
    struct error error;

    if (yaml_read(&document, yaml, strlen(yaml), &error))
        fail_msg("%s: %s", yaml, error.text);
    text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    assert_string_equal(text, json);
}

static void assert_refuses(const char *yaml, size_t len, const char *expected)
{
    json_t *document = NULL;
    struct error error;

    assert_int_equal(yaml_read(&document, yaml, len, &error), -1);
    assert_null(document);
    if (!strstr(error.text, expected))
        fail_msg("%s: no word of %s", error.text, expected);
    assert_null(strstr(error.text, "s3cret"));
}

static void test_values(void **state)
{
    (void)state;
    assert_reads("a: 1\nb: {c: [x, 'true', true, ~]}\n",
                 "{\"a\":\"1\",\"b\":{\"c\":[\"x\",\"true\",true,null]}}");
    assert_reads("key: |\n  one\n  two\nfolded: >-\n  one\n  two\n",
                 "{\"folded\":\"one two\",\"key\":\"one\\ntwo\\n\"}");
    assert_reads("a: &x {b: c}\nd: *x\n", "{\"a\":{\"b\":\"c\"},\"d\":{\"b\":\"c\"}}");
    assert_reads("{\"json\": [\"is\", \"YAML\"]}", "{\"json\":[\"is\",\"YAML\"]}");
    assert_reads("", "null");
    assert_reads("first: 1\n---\nsecond: 2\n", "{\"first\":\"1\"}");
}

static void test_what_is_not_understood(void **state)
{
    static const char nul[] = "a: \"s3cret\\0\"";
    static const char latin[] = "a: s3cret\xe9";

    (void)state;
    assert_refuses("a: s3cret\nb: [", 14, "line 3: ");
    assert_refuses("a: s3cret\na: 2", 14, "line 2: the same key a second time");
    assert_refuses("? [x]\n: s3cret", 14, "line 1: a key that is no text");
    assert_refuses(nul, sizeof nul - 1, "line 1: a NUL");
    assert_refuses(latin, sizeof latin - 1, "line 1: ");
}

static void test_limits(void **state)
{
    char deep[2 * YAML_MAX_DEPTH + 8] = "";
    cleanup_free char *bomb = xstrdup("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");

    (void)state;
    memset(deep, '[', YAML_MAX_DEPTH + 2);
    memset(deep + YAML_MAX_DEPTH + 2, ']', YAML_MAX_DEPTH + 2);
    assert_refuses(deep, strlen(deep), "nested too deeply");
    for (int i = 1; i < 9; i++) {
        char *longer = xasprintf("%sa%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", bomb, i,
                                 i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        free(bomb);
        bomb = longer;
    }
    assert_refuses(bomb, strlen(bomb), "too many values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_is_not_understood),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
