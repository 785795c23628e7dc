// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "http/url.h"

#define BASE "https://registry.example:5000/v2/a/b/blobs/uploads/"

static void assert_resolves(const char *base, const char *location, const char *expected)
{
    cleanup_free char *url = NULL;
    struct error error;

    if (url_resolve(&url, base, location, &error))
        fail_msg("%s: %s", location, error.text);
    assert_string_equal(url, expected);
}

static void assert_adds(const char *url, const char *expected)
{
    cleanup_free char *longer = NULL;
    struct error error;

    if (url_add_query(&longer, url, "digest", "sha256:0f", &error))
        fail_msg("%s: %s", url, error.text);
    assert_string_equal(longer, expected);
}

static void test_absolute_locations_stay_as_they_are(void **state)
{
    (void)state;
    assert_resolves(BASE, "https://registry.example:5000/up/1",
                    "https://registry.example:5000/up/1");
    assert_resolves(BASE, "http://other.example/up/1?a=b", "http://other.example/up/1?a=b");
    assert_resolves(BASE, "https://[::1]:5001/up", "https://[::1]:5001/up");
}

static void test_relative_locations_follow_the_request(void **state)
{
    (void)state;
    assert_resolves(BASE, "/v2/a/b/blobs/uploads/77", BASE "77");
    assert_resolves(BASE, "77", BASE "77");
    assert_resolves(BASE, "../77", "https://registry.example:5000/v2/a/b/blobs/77");
    assert_resolves(BASE "77?_state=old", "?_state=new", BASE "77?_state=new");
    assert_resolves(BASE, "v1.2?x=/y", BASE "v1.2?x=/y");
}

static void test_locations_without_a_scheme_keep_that_of_the_request(void **state)
{
    (void)state;
    assert_resolves(BASE, "//other.example/up/1", "https://other.example/up/1");
    assert_resolves(BASE, "other.example/up/1?q", "https://other.example/up/1?q");
    assert_resolves(BASE, "localhost:5000/up/1", "https://localhost:5000/up/1");
    assert_resolves(BASE, "localhost/up/1", "https://localhost/up/1");
}

static void test_tls_stays_where_it_was(void **state)
{
    (void)state;
    assert_resolves(BASE, "http://registry.example:5000/up/1",
                    "https://registry.example:5000/up/1");
    assert_resolves("https://a.example/v2/", "http://A.example/up?x", "https://A.example/up?x");
    assert_resolves("https://a.example/v2/", "http://a.example:80/up", "https://a.example/up");
    assert_resolves("https://a.example/v2/", "http://a.example:8080/up",
                    "http://a.example:8080/up");
    assert_resolves("https://a.example/v2/", "http://b.example/up", "http://b.example/up");
    assert_resolves(BASE, "http://registry.example/up/1", "http://registry.example/up/1");
    assert_resolves("http://a.example/v2/", "http://a.example/up", "http://a.example/up");
}

static void test_the_query_is_kept_byte_for_byte(void **state)
{
    const char *query = "?_state=abC-_%2Bx%2f==&&n=%C3%A9&t=a+b&/?:@";
    cleanup_free char *location = xasprintf("/up/1%s", query);
    cleanup_free char *expected = xasprintf("https://registry.example:5000/up/1%s", query);

    (void)state;
    assert_resolves(BASE, location, expected);
}

static void test_refuses_locations_that_lead_elsewhere_than_http(void **state)
{
    static const char *const locations[] = {
        "file:///etc/passwd",
        "ftp://registry.example/x",
        "https://user:hunter2@registry.example/x",
        "//user@other.example/x",

        "http://registry.example:99999/x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        char untouched, *url = &untouched;
        struct error error;

        if (url_resolve(&url, BASE, locations[i], &error) == 0)
            fail_msg("%s was taken as %s", locations[i], url);
        assert_ptr_equal(url, &untouched);
        assert_null(strstr(error.text, "hunter2"));
    }
}

static void test_refuses_locations_over_the_limit(void **state)
{
    cleanup_free char *location = xcalloc(URL_MAX_LEN + 2, 1);
    char *url = NULL;
    struct error error;

    (void)state;
    memset(location, 'x', URL_MAX_LEN + 1);
    location[0] = '/';
    assert_int_equal(url_resolve(&url, BASE, location, &error), -1);
    location[URL_MAX_LEN] = '\0';
    assert_int_equal(url_resolve(&url, BASE, location, &error), 0);
    free(url);
}

static void test_the_digest_goes_behind_the_query(void **state)
{
    (void)state;
    assert_adds("https://r.example/up/1", "https://r.example/up/1?digest=sha256%3a0f");
    assert_adds("https://r.example/up/1?_state=a%2Fb==&x",
                "https://r.example/up/1?_state=a%2Fb==&x&digest=sha256%3a0f");
    assert_adds("http://r.example:5000/up/1?", "http://r.example:5000/up/1?digest=sha256%3a0f");
}

static void test_origin_is_scheme_host_and_port(void **state)
{
    (void)state;
    assert_true(url_same_origin("https://r.example/a?b", "https://R.example:443/c"));
    assert_true(url_same_origin("http://r.example:80", "http://r.example/x"));
    assert_false(url_same_origin("https://r.example/", "http://r.example/"));
    assert_false(url_same_origin("https://r.example:5000/", "http://r.example:5000/"));
    assert_false(url_same_origin("https://r.example/", "https://r.example:5000/"));
    assert_false(url_same_origin("https://r.example/", "https://cdn.r.example/"));
    assert_false(url_same_origin("https://r.example/", "https://r.example.evil.example/"));
    assert_false(url_same_origin("https://r.example/", "https://r.example@evil.example/"));
}

static void test_messages_name_no_path_and_no_query(void **state)
{
    cleanup_free char *plain = url_origin("http://r.example:5000/v2/secret?token=secret");
    cleanup_free char *tls = url_origin("https://r.example/x");

    (void)state;
    assert_string_equal(plain, "http://r.example:5000");
    assert_string_equal(tls, "https://r.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absolute_locations_stay_as_they_are),
        cmocka_unit_test(test_relative_locations_follow_the_request),
        cmocka_unit_test(test_locations_without_a_scheme_keep_that_of_the_request),
        cmocka_unit_test(test_tls_stays_where_it_was),
        cmocka_unit_test(test_the_query_is_kept_byte_for_byte),
        cmocka_unit_test(test_refuses_locations_that_lead_elsewhere_than_http),
        cmocka_unit_test(test_refuses_locations_over_the_limit),
        cmocka_unit_test(test_the_digest_goes_behind_the_query),
        cmocka_unit_test(test_origin_is_scheme_host_and_port),
        cmocka_unit_test(test_messages_name_no_path_and_no_query),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
