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
    assert_int_equal(rule.mirror_count, 1);
    assert_string_equal(rule.mirrors[0].location, "mirror.example");
    assert_true(rule.mirrors[0].insecure);
    assert_false(rule.mirrors[0].digest_only || rule.mirrors[0].tag_only);
}

static void test_mirrors_for_tags_and_digests(void **state)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};
    struct reference by_tag = {.tag = (char[]){"1"}}, by_digest = {.digest = (char[]){"x"}},
                     by_both = {.tag = (char[]){"1"}, .digest = (char[]){"x"}}, by_none = {0};

#define MIRROR(way) "[[registry.mirror]]\nlocation='m.example'\npull-from-mirror='" way "'\n"
    put_file(state, OWN,
             TABLE("registry.example:5000",
                   MIRROR("tag-only") MIRROR("digest-only") MIRROR("all")));
    rule = find(name);
    assert_int_equal(rule.mirror_count, 3);
    assert_true(registries_mirror_suits(&rule.mirrors[0], &by_tag));
    assert_false(registries_mirror_suits(&rule.mirrors[0], &by_digest));
    assert_false(registries_mirror_suits(&rule.mirrors[0], &by_both));
    assert_false(registries_mirror_suits(&rule.mirrors[1], &by_tag));
    assert_true(registries_mirror_suits(&rule.mirrors[1], &by_digest));
    assert_true(registries_mirror_suits(&rule.mirrors[2], &by_tag));
    assert_true(registries_mirror_suits(&rule.mirrors[2], &by_digest));
    assert_false(registries_mirror_suits(&rule.mirrors[2], &by_none));
    registries_rule_done(&rule);
    put_file(state, OWN,
             TABLE("registry.example:5000",
                   "mirror-by-digest-only = true\n[[registry.mirror]]\nlocation='m.example'"));
    rule = find(name);
    assert_true(rule.mirrors[0].digest_only);
#undef MIRROR
}

static void test_version_1(void **state)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};

    put_file(state, OWN,
             "[registries.search]\nregistries = ['docker.io']\n"
             "[registries.insecure]\nregistries = ['registry.example:5000/', 'other.example']\n"
             "[registries.block]\nregistries = ['registry.example:5000/team', 'other.example']\n");
    rule = find(name);
    assert_string_equal(rule.prefix, "registry.example:5000/team");
    assert_true(rule.blocked);
    assert_false(rule.insecure);
    registries_rule_done(&rule);
    rule = find("other.example/x:1");
    assert_true(rule.blocked);
    assert_true(rule.insecure);
    registries_rule_done(&rule);
    rule = find("registry.example:5000/x:1");
    assert_true(rule.insecure);
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
                 TABLE("a.example.com/x/y", "") TABLE("*.com", "") TABLE("*.c.example.com", ""));
    assert_prefix("a.example.com/x/y/z:1", "a.example.com/x/y");
    assert_prefix("a.example.com/x/z:1", "a.example.com/x");
    assert_prefix("a.example.com/z:1", "a.example.com");
    assert_prefix("b.example.com/x:1", "*.example.com");
    assert_prefix("b.c.example.com/x:1", "*.c.example.com");
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
        {TABLE("*.example:5000", "blocked = true"), {"*.example:5000", "without port and path"}},
        {TABLE("*.example/x", ""), {"*.example/x"}},
        {TABLE("*", ""), {"\"*\""}},
        {TABLE("a.*.example", ""), {"a.*.example"}},
        {TABLE("https://x.example", ""), {"https://x.example", "scheme"}},
        {TABLE("x.example", "location = 'http://y.example'"), {"http://y.example", "scheme"}},
        {"[[registry]]\nlocation='x.example'\nblocked=true\n[[registry]]\nlocation='x.example'\n",
         {"x.example", "several times", "blocked"}},
        {TABLE("a.example", "location='x.example'\ninsecure=true")
             TABLE("b.example", "location='x.example/'"),
         {"x.example", "several times", "insecure"}},
        {TABLE("x.example", "[[registry.mirror]]\ninsecure=true"), {"mirror", "no location"}},
        {TABLE("x.example", "[[registry.mirror]]\nlocation='https://m.example'"), {"scheme"}},
        {TABLE("x.example", "[[registry.mirror]]\nlocation='m.example'\npull-from-mirror='no'"),
         {"pull-from-mirror", "\"no\""}},
        {TABLE("x.example",
               "mirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m.example'\n"
               "pull-from-mirror='all'"),
         {"m.example", "mirror-by-digest-only"}},
        {"[registries.block]\nregistries=['x.example']\n" TABLE("y.example", ""),
         {"version 1", "beside"}},
        {"[registries.block]\nregistries='x.example'\n", {"registries.block"}},
        {"[registries]\nblock=['x.example']\n", {"registries.block"}},
        {"registries=['x.example']\n", {"no table"}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file(state, OWN, cases[i].content);
        assert_refused((const char **)(uintptr_t)cases[i].words);
    }
}

static void test_version_1_is_not_for_drop_ins(void **state)
{
    const char *words[] = {"10-a.conf", "version 1", "drop-in", NULL};

    put_file(state, OWN ".d/10-a.conf", "[registries.block]\nregistries=['x.example']\n");
    assert_refused(words);
}

static void test_of_two_prefixes_the_first_counts(void **state)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};

    put_file(state, OWN,
             TABLE("registry.example:5000", "location = 'a.example'")
                 TABLE("registry.example:5000", "location = 'b.example'"));
    rule = find(name);
    assert_string_equal(rule.location, "a.example");
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
        HOME_TEST(test_mirrors_for_tags_and_digests),
        HOME_TEST(test_version_1),
        HOME_TEST(test_version_1_is_not_for_drop_ins),
        HOME_TEST(test_of_two_prefixes_the_first_counts),
        HOME_TEST(test_defaults),
        HOME_TEST(test_the_longest_prefix_wins),
        HOME_TEST(test_drop_ins_replace_in_order),
        HOME_TEST(test_the_environment_names_another_file),
        HOME_TEST(test_what_is_wrong_is_named),
        HOME_TEST(test_refuses_files_over_the_limit_and_deep_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
