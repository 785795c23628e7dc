// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "registry/registries-conf.h"

static void assert_match(const char *prefix, const char *name, size_t len)
{
    if (registries_prefix_match(prefix, name) != len)
        fail_msg("%s of %s: %zu, not %zu", prefix, name, registries_prefix_match(prefix, name),
                 len);
}

static void test_a_prefix_ends_at_a_separator(void **state)
{
    (void)state;
    assert_match("a.example", "a.example", 9);
    assert_match("a.example", "a.example/x:1", 9);
    assert_match("a.example/x", "a.example/x:1", 11);
    assert_match("a.example/x", "a.example/x@sha256:0", 11);
    assert_match("a.example/x", "a.example/x/y:1", 11);
    assert_match("a.example/x:1", "a.example/x:1", 13);
    assert_match("a.example/x:1", "a.example/x:11", 0);
    assert_match("a.example/x", "a.example/xy:1", 0);
    assert_match("a.example/x/y", "a.example/x:1", 0);
    assert_match("a.example", "a.example.org/x", 0);
    assert_match("", "a.example/x", 0);
}

static void test_another_port_is_another_registry(void **state)
{
    (void)state;
    assert_match("a.example", "a.example:5000/x:1", 0);
    assert_match("a.example:5000", "a.example:5000/x:1", 14);
    assert_match("a.example:500", "a.example:5000/x:1", 0);
}

static void test_all_hosts_of_a_domain(void **state)
{
    (void)state;
    assert_match("*.example.com", "a.example.com/x:1", 13);
    assert_match("*.example.com", "a.b.example.com", 15);
    assert_match("*.example.com", "a.example.com:5000/x", 13);
    assert_match("*.example.com", "example.com/x", 0);
    assert_match("*.example.com", "aexample.com/x", 0);
    assert_match("*.example.com", "a.example.com.org/x", 0);
    assert_match("*.example.com", "x.org/a.example.com", 0);
}

static void assert_located(const char *prefix, const char *location, const char *from,
                           const char *to)
{
    cleanup_free char *prefix_copy = xstrdup(prefix), *text = NULL;
    cleanup_free char *location_copy = location ? xstrdup(location) : NULL;
    char file[] = "registries.conf";
    cleanup(reference_done) struct reference reference = {0}, place = {0};
    struct registries_rule rule = {.prefix = prefix_copy, .location = location_copy, .file = file};
    struct error error;
    cleanup_free char *name = NULL;

    assert_int_equal(reference_parse(&reference, from, &error), 0);
    name = reference_format(&reference);
    rule.matched_len = registries_prefix_match(prefix, name);
    assert_true(rule.matched_len > 0);
    if (!to) {
        assert_int_equal(registries_rule_locate(&place, &rule, rule.location, &reference, &error),
                         -1);
        assert_non_null(strstr(error.text, file));
        return;
    }
    if (registries_rule_locate(&place, &rule, rule.location, &reference, &error))
        fail_msg("%s", error.text);
    text = reference_format(&place);
    assert_string_equal(text, to);
}

static void test_a_location_takes_the_place_of_the_prefix(void **state)
{
    (void)state;
    assert_located("example.com/foo", "internal.example.net/bar", "example.com/foo/image:latest",
                   "internal.example.net/bar/image:latest");
    assert_located("example.com", "localhost:5000/mirror", "example.com/x:1",
                   "localhost:5000/mirror/x:1");
    assert_located("docker.io/library", "hub.example/hub", "alpine",
                   "hub.example/hub/alpine:latest");
    assert_located("*.example.com", "one.example.net", "a.b.example.com/x:1",
                   "one.example.net/x:1");
    assert_located("*.example.com", NULL, "a.example.com/x:1", "a.example.com/x:1");
    assert_located("example.com/x:1", "example.net/y:2", "example.com/x:1", "example.net/y:2");
}

static void test_a_location_that_cannot_be_right(void **state)
{
    (void)state;
    assert_located("example.com", "word", "example.com/x:1", NULL);
    assert_located("example.com", "https://example.net", "example.com/x:1", NULL);
    assert_located("example.com", "Example.net/UPPER", "example.com/x:1", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_prefix_ends_at_a_separator),
        cmocka_unit_test(test_another_port_is_another_registry),
        cmocka_unit_test(test_all_hosts_of_a_domain),
        cmocka_unit_test(test_a_location_takes_the_place_of_the_prefix),
        cmocka_unit_test(test_a_location_that_cannot_be_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
