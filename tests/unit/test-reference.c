// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "oci/reference.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define DIGEST "sha256:" HEX

struct taken {
    const char *text, *domain, *host, *path, *tag, *digest;
};

static void assert_same(const char *actual, const char *expected)
{
    if (expected) {
        assert_non_null(actual);
        assert_string_equal(actual, expected);
    } else {
        assert_null(actual);
    }
}

static void assert_taken(const struct taken *taken)
{
    cleanup(reference_done) struct reference reference = {0};
    struct error error;

    if (reference_parse(&reference, taken->text, &error))
        fail_msg("%s", error.text);
    assert_same(reference.domain, taken->domain);
    assert_same(reference.host, taken->host);
    assert_same(reference.path, taken->path);
    assert_same(reference.tag, taken->tag);
    assert_same(reference.digest, taken->digest);
}

/* The text must quote the whole, the rule by some of its words, and the part that breaks it. */
static void assert_refused(const char *text, const char *rule, const char *part)
{
    struct reference reference = {0};
    struct error error;

    if (reference_parse(&reference, text, &error) == 0)
        fail_msg("\"%s\" was taken", text);
    assert_null(reference.domain);
    assert_int_equal(error.kind, ERROR_USAGE);
    if (!strstr(error.text, text) || !strstr(error.text, rule) || !strstr(error.text, part))
        fail_msg("%s", error.text);
}

static void test_splits_host_path_tag_and_digest(void **state)
{
    static const struct taken takens[] = {
        {"localhost/x", "localhost", "localhost", "x", "latest", NULL},
        {"localhost:5000/x", "localhost:5000", "localhost:5000", "x", "latest", NULL},
        {"localhost:5000/x:1", "localhost:5000", "localhost:5000", "x", "1", NULL},
        {"r.example/a/b-c/d__e:v1.0-rc_2", "r.example", "r.example", "a/b-c/d__e", "v1.0-rc_2",
         NULL},
        {"r.example:443/a@" DIGEST, "r.example:443", "r.example:443", "a", NULL, DIGEST},
        {"r.example/a:1@" DIGEST, "r.example", "r.example", "a", "1", DIGEST},
        {"127.0.0.1:5000/a", "127.0.0.1:5000", "127.0.0.1:5000", "a", "latest", NULL},
        {"[::1]/a", "[::1]", "[::1]", "a", "latest", NULL},
        {"[2001:db8::5]:5000/a/b:t", "[2001:db8::5]:5000", "[2001:db8::5]:5000", "a/b", "t", NULL},
        {"R.Example/a", "R.Example", "R.Example", "a", "latest", NULL},
        {"r.example/a----b.c_d", "r.example", "r.example", "a----b.c_d", "latest", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof takens / sizeof *takens; i++)
        assert_taken(&takens[i]);
}

static void test_names_without_a_host_are_docker_hubs(void **state)
{
    static const char hub[] = "docker.io", host[] = "registry-1.docker.io";
    const struct taken takens[] = {
        {"x", hub, host, "library/x", "latest", NULL},
        {"x:1", hub, host, "library/x", "1", NULL},
        {"x@" DIGEST, hub, host, "library/x", NULL, DIGEST},
        {"user/x", hub, host, "user/x", "latest", NULL},
        {"docker.io/x", hub, host, "library/x", "latest", NULL},
        {"docker.io/user/x", hub, host, "user/x", "latest", NULL},
        {"index.docker.io/x:2", hub, host, "library/x", "2", NULL},
        {"index.docker.io/user/x", hub, host, "user/x", "latest", NULL},
        /* Without a slash, what is behind the colon is a tag and no port. */
        {"localhost:5000", hub, host, "library/localhost", "5000", NULL},
        {"localhosts/x", hub, host, "localhosts/x", "latest", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof takens / sizeof *takens; i++)
        assert_taken(&takens[i]);
}

static void test_broken_paths_are_refused(void **state)
{
    static const char rule[] = "lower-case";

    (void)state;
    assert_refused("r.example/Foo", rule, "\"Foo\"");
    assert_refused("Foo/bar", rule, "\"Foo\"");
    assert_refused("r.example/a//b", rule, "\"\"");
    assert_refused("r.example/", rule, "\"\"");
    assert_refused("r.example/a/", rule, "\"\"");
    assert_refused("/a", rule, "\"\"");
    assert_refused(":1", rule, "\"\"");
    assert_refused("r.example/a..b", rule, "\"a..b\"");
    assert_refused("r.example/a/../b", rule, "\"..\"");
    assert_refused("r.example/a___b", rule, "\"a___b\"");
    assert_refused("r.example/a.-b", rule, "\"a.-b\"");
    assert_refused("r.example/-a", rule, "\"-a\"");
    assert_refused("r.example/a-", rule, "\"a-\"");
    assert_refused("r.example/a b", rule, "\"a b\"");
    assert_refused("r.example/a?b", rule, "\"a?b\"");
    assert_refused("r.example/a%2fb", rule, "\"a%2fb\"");
    assert_refused("r.example/a\xc3\xbc", rule, "\"a\xc3\xbc\"");
}

static void test_broken_hosts_and_ports_are_refused(void **state)
{
    (void)state;
    assert_refused("r_x.example/a", "a host is", "\"r_x.example\"");
    assert_refused("-r.example/a", "a host is", "\"-r.example\"");
    assert_refused("r-.example/a", "a host is", "\"r-.example\"");
    assert_refused("r..example/a", "a host is", "\"r..example\"");
    assert_refused("r.example./a", "a host is", "\"r.example.\"");
    assert_refused(":5000/a", "a host is", "\"\"");
    assert_refused("r.example:/a", "a port is", "\"\"");
    assert_refused("r.example:0/a", "a port is", "\"0\"");
    assert_refused("r.example:65536/a", "a port is", "\"65536\"");
    assert_refused("r.example:4294967297/a", "a port is", "\"4294967297\"");
    assert_refused("r.example:http/a", "a port is", "\"http\"");
    assert_refused("::1/a", "a host is", "\"\"");
    assert_refused("[::1/a", "IPv6", "\"[::1\"");
    assert_refused("[::g]/a", "IPv6", "\"[::g]\"");
    assert_refused("[127.0.0.1]/a", "IPv6", "\"[127.0.0.1]\"");
    assert_refused("[::1]x/a", "behind \"]\"", "\"[::1]x\"");
    assert_refused("[::1]:x/a", "a port is", "\"x\"");
}

static void test_broken_tags_and_digests_are_refused(void **state)
{
    (void)state;
    assert_refused("r.example/a:", "a tag is", "\"\"");
    assert_refused("r.example/a:.1", "a tag is", "\".1\"");
    assert_refused("r.example/a:-1", "a tag is", "\"-1\"");
    assert_refused("r.example/a:1+2", "a tag is", "\"1+2\"");
    assert_refused("r.example/a@", "a digest is", "\"\"");
    assert_refused("r.example/a@sha256:12", "a digest is", "\"sha256:12\"");
    assert_refused("r.example/a@sha512:" HEX, "a digest is", "\"sha512:" HEX "\"");
    assert_refused("r.example/a@" DIGEST ":1", "a digest is", DIGEST ":1");
    assert_refused("r.example/a@" DIGEST "@" DIGEST, "a digest is", DIGEST "@" DIGEST);
}

static void test_image_ids_schemes_and_nothing_are_refused(void **state)
{
    (void)state;
    assert_refused(HEX, "image ID", HEX);
    assert_refused("", "at least a repository path", "\"\"");
    assert_refused("https://r.example/a", "scheme", "https://r.example/a");
    assert_taken(&(struct taken){"user/" HEX, "docker.io", "registry-1.docker.io", "user/" HEX,
                                 "latest", NULL});
}

static void test_passwords_are_refused_and_not_repeated(void **state)
{
    static const char *const names[] = {
        "joe:secret@r.example/a",
        "https://joe:secret@r.example/a:1",
        "joe:sec/ret@r.example/a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct reference reference = {0};
        struct error error;

        assert_int_equal(reference_parse(&reference, names[i], &error), -1);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_null(strstr(error.text, "sec"));
        assert_non_null(strstr(error.text, "--authfile"));
    }
}

/* "r.example/aaa...:ttt..." with this many letters. */
static char *long_name(int path_len, int tag_len)
{
    char *text = xasprintf("r.example/%*s:%*s", path_len, "", tag_len, "");

    for (char *c = text; *c; c++)
        if (*c == ' ')
            *c = 'a';
    return text;
}

static void test_lengths_are_limited(void **state)
{
    cleanup_free char *longest = long_name(255 - 10, 128);
    cleanup_free char *long_path = long_name(255 - 9, 1);
    cleanup_free char *long_tag = long_name(1, 129);
    cleanup_free char *endless = long_name(1, 1 << 20);
    cleanup(reference_done) struct reference reference = {0};
    struct error error;

    (void)state;
    assert_int_equal(reference_parse(&reference, longest, &error), 0);
    assert_int_equal(strlen(reference.path), 245);
    assert_refused(long_path, "at most 255 characters together", "256");
    assert_refused(long_tag, "1 to 128", "aaa");
    assert_int_equal(reference_parse(&reference, endless, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
}

static void test_format_gives_the_full_name(void **state)
{
    static const char *const names[][2] = {
        {"x", "docker.io/library/x:latest"},
        {"localhost:5000/a/b:1", "localhost:5000/a/b:1"},
        {"localhost:5000/a@" DIGEST, "localhost:5000/a@" DIGEST},
        {"index.docker.io/a/b:1@" DIGEST, "docker.io/a/b:1@" DIGEST},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup(reference_done) struct reference reference = {0};
        cleanup_free char *full = NULL;
        struct error error;

        assert_int_equal(reference_parse(&reference, names[i][0], &error), 0);
        full = reference_format(&reference);
        assert_string_equal(full, names[i][1]);
    }
}

/* What an archive may call an image: with digests, too, that cannot be checked here. */
static void test_names_of_others(void **state)
{
    cleanup_free char *sha512 = xasprintf("r.example/a@sha512:%s%s", HEX, HEX);
    cleanup_free char *sha384 = xasprintf("r.example/a@sha384:%s%.32s", HEX, HEX);
    cleanup_free char *wrong = xasprintf("r.example/a@sha512:%s", HEX);
    cleanup_free char *unknown = xasprintf("r.example/a@md5:%.32s", HEX);

    (void)state;
    assert_true(reference_is_valid(sha512));
    assert_true(reference_is_valid(sha384));
    assert_false(reference_is_valid(wrong));
    assert_false(reference_is_valid(unknown));
    assert_true(reference_is_valid("[::1]:5000/x"));
    assert_true(reference_is_valid("[2001:db8::5]:5000/team/app:1"));
    assert_false(reference_is_valid("[2001:db8::5:5000/team/app:1"));
    assert_refused(sha512, "a digest is", "sha512:");
    assert_true(reference_names_registry("[::1]:5000/x"));
    assert_true(reference_names_registry("docker.io/x"));
    assert_false(reference_names_registry("team/x"));
    assert_false(reference_names_registry("x:1.0"));
    assert_string_equal(reference_image_id(DIGEST), HEX);
    assert_string_equal(reference_image_id(HEX), HEX);
    assert_null(reference_image_id("sha256:12"));
    assert_null(reference_image_id("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits_host_path_tag_and_digest),
        cmocka_unit_test(test_names_without_a_host_are_docker_hubs),
        cmocka_unit_test(test_broken_paths_are_refused),
        cmocka_unit_test(test_broken_hosts_and_ports_are_refused),
        cmocka_unit_test(test_broken_tags_and_digests_are_refused),
        cmocka_unit_test(test_image_ids_schemes_and_nothing_are_refused),
        cmocka_unit_test(test_passwords_are_refused_and_not_repeated),
        cmocka_unit_test(test_lengths_are_limited),
        cmocka_unit_test(test_format_gives_the_full_name),
        cmocka_unit_test(test_names_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
