// SPDX-License-Identifier: Apache-2.0
#include "registry-files.h"

#include "registry/registries-conf.h"

static const char name[] = "registry.example:5000/team/app:1";

#define TABLE(prefix, more) "[[registry]]\nprefix = \"" prefix "\"\n" more "\n"
#define OWN ".config/containers/registries.conf"

static struct registries_rule find(const char *of)
{
    struct registries_rule rule = {0};
    struct error error;

    if (registries_conf_find(&rule, of, &error))
        fail_msg("%s", error.text);
    return rule;
}

static void assert_prefix(const char *of, const char *prefix)
{
    cleanup(registries_rule_done) struct registries_rule rule = find(of);

    if (!prefix) {
        assert_null(rule.prefix);
        return;
    }
    if (!rule.prefix)
        fail_msg("no rule for %s", of);
    assert_string_equal(rule.prefix, prefix);
}

static void assert_refused(const char *words[])
{
    struct registries_rule rule = {0};
    struct error error;

    assert_int_equal(registries_conf_find(&rule, name, &error), -1);
    assert_null(rule.prefix);
    for (size_t i = 0; words[i]; i++)
        if (!strstr(error.text, words[i]))
            fail_msg("%s: no word of %s", error.text, words[i]);
}

static void test_nothing_anywhere(void **state)
{
    (void)state;
    assert_prefix(name, NULL);
}

static void test_all_that_a_table_says(void **state)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};

    put_file(state, OWN,
             "unqualified-search-registries = ['docker.io']\n"
             "[[registry]]\nprefix = 'registry.example:5000/team'\nlocation = 'other.example/x/'\n"
             "insecure = true\nblocked = true\n"
             "[[registry.mirror]]\nlocation = 'mirror.example'\ninsecure = true\n");
    rule = find(name);
    assert_string_equal(rule.prefix, "registry.example:5000/team");
    assert_string_equal(rule.location, "other.example/x");
    assert_non_null(strstr(rule.file, OWN));
    assert_int_equal(rule.matched_len, strlen("registry.example:5000/team"));
    assert_true(rule.insecure);
    assert_true(rule.blocked);
}

static void test_defaults(void **state)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};

    put_file(state, OWN, "[[registry]]\nlocation = \"registry.example:5000\"\n");
    rule = find(name);
    assert_string_equal(rule.prefix, "registry.example:5000");
    assert_false(rule.insecure);
    assert_false(rule.blocked);
}

static void test_the_longest_prefix_wins(void **state)
{
    put_file(state, OWN,
             TABLE("a.example.com/x", "") TABLE("a.example.com", "") TABLE("*.example.com", "")
                 TABLE("a.example.com/x/y", "") TABLE("*.com", ""));
    assert_prefix("a.example.com/x/y/z:1", "a.example.com/x/y");
    assert_prefix("a.example.com/x/z:1", "a.example.com/x");
    assert_prefix("a.example.com/z:1", "a.example.com");
    assert_prefix("b.example.com/x:1", "*.example.com");
    assert_prefix("example.org/x:1", NULL);
}

static void test_drop_ins_replace_in_order(void **state)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};

    put_file(state, OWN, TABLE("registry.example:5000", "insecure = true"));
    put_file(state, OWN ".d/20-b.conf", TABLE("registry.example:5000", "blocked = true"));
    put_file(state, OWN ".d/10-a.conf", TABLE("registry.example:5000", ""));
    put_file(state, OWN ".d/30-c.txt", "not read");
    rule = find(name);
    assert_false(rule.insecure);
    assert_true(rule.blocked);
    assert_non_null(strstr(rule.file, "20-b.conf"));
}

static void test_the_environment_names_another_file(void **state)
{
    cleanup_free char *other =
        write_file(state, "other.conf", TABLE("registry.example:5000/team", ""));
    const char *words[] = {"CONTAINERS_REGISTRIES_CONF", "/nonexistent/x.conf", NULL};

    put_file(state, OWN, TABLE("registry.example:5000/team/app", ""));
    setenv("CONTAINERS_REGISTRIES_CONF", other, 1);
    assert_prefix(name, "registry.example:5000/team");
    setenv("CONTAINERS_REGISTRIES_CONF", "/nonexistent/x.conf", 1);
    assert_refused(words);
}

static void test_what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *content;
        const char *words[4];
    } cases[] = {
        {"\n\n[[registry]\n", {"registries.conf", "not TOML", "line 3"}},
        {"registry = 1\n", {"registries.conf", "registry"}},
        {"[[registry]]\ninsecure = true\n", {"neither prefix nor location"}},
        {"[[registry]]\nprefix = 1\n", {"\"prefix\"", "a string"}},
        {"[[registry]]\nlocation = 'x'\nblocked = 'yes'\n", {"\"blocked\"", "true or false"}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file(state, OWN, cases[i].content);
        assert_refused((const char **)(uintptr_t)cases[i].words);
    }
}

static void test_refuses_files_over_the_limit_and_deep_ones(void **state)
{
    const char *words[] = {"registries.conf", "more than", NULL};
    const char *deep_words[] = {"registries.conf", "not TOML", NULL};
    cleanup_free char *content = xcalloc(REGISTRIES_CONF_MAX_BYTES + 2, 1);

    memset(content, '\n', REGISTRIES_CONF_MAX_BYTES + 1);
    put_file(state, OWN, content);
    assert_refused(words);
    memset(content, '[', REGISTRIES_CONF_MAX_BYTES);
    memcpy(content, "x = ", 4);
    content[REGISTRIES_CONF_MAX_BYTES] = '\0';
    put_file(state, OWN, content);
    assert_refused(deep_words);
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_home, tear_down_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(test_nothing_anywhere),
        HOME_TEST(test_all_that_a_table_says),
        HOME_TEST(test_defaults),
        HOME_TEST(test_the_longest_prefix_wins),
        HOME_TEST(test_drop_ins_replace_in_order),
        HOME_TEST(test_the_environment_names_another_file),
        HOME_TEST(test_what_is_wrong_is_named),
        HOME_TEST(test_refuses_files_over_the_limit_and_deep_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
