// SPDX-License-Identifier: Apache-2.0
/* When no proxy is asked: Go's rules, which most tools for containers have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/proxy.h"

static void assert_lists(const char *list, const char *host, const char *port, bool expected)
{
    if (proxy_lists(list, host, port) != expected)
        fail_msg("no_proxy=%s: %s:%s is %slisted", list, host, port, expected ? "not " : "");
}

static void test_the_loopback(void **state)
{
    static const char *const is[] = {"localhost", "LocalHost", "127.0.0.1",       "127.9.8.7",
                                     "[::1]",     "::1",       "::ffff:127.0.0.1"};
    static const char *const is_not[] = {"reg.localhost",     "128.0.0.1", "[::2]",
                                         "127.0.0.1.example", "",          "[",
                                         "[127.0.0.1]"};

    (void)state;
    for (size_t i = 0; i < sizeof is / sizeof *is; i++)
        assert_true(proxy_is_loopback(is[i]));
    for (size_t i = 0; i < sizeof is_not / sizeof *is_not; i++)
        assert_false(proxy_is_loopback(is_not[i]));
}

static void test_names(void **state)
{
    (void)state;
    assert_lists("reg.corp", "reg.corp", "443", true);
    assert_lists("corp", "reg.corp", "443", true);
    assert_lists("corp", "regcorp", "443", false);
    assert_lists("eg.corp", "reg.corp", "443", false);
    assert_lists(".corp", "reg.corp", "443", true);
    assert_lists("*.corp", "a.reg.corp", "443", true);
    assert_lists("*.corp", "corp", "443", false);
    assert_lists(".corp", "corp", "443", false);
    assert_lists("REG.Corp", "reg.corp", "443", true);
    assert_lists("x, , y ,\treg.corp ", "reg.corp", "443", true);
    assert_lists("reg.corp.example", "reg.corp", "443", false);
    assert_lists("*", "reg.corp", "443", true);
    assert_lists("a*", "a.example", "443", false);
    assert_lists("", "reg.corp", "443", false);
    assert_lists(",.,*.,:443,/", "reg.corp", "443", false);
}

static void test_ports(void **state)
{
    (void)state;
    assert_lists("reg.corp:5000", "reg.corp", "5000", true);
    assert_lists("reg.corp:5000", "reg.corp", "443", false);
    assert_lists("*.corp:5000", "reg.corp", "5000", true);
    assert_lists("10.1.2.3:5000", "10.1.2.3", "5000", true);
    assert_lists("10.1.2.3:5000", "10.1.2.3", "80", false);
    assert_lists("[fd00::1]:5000", "[fd00::1]", "5000", true);
    assert_lists("[fd00::1]:5000", "[fd00::1]", "80", false);
}

static void test_addresses(void **state)
{
    (void)state;
    assert_lists("10.0.0.0/8", "10.1.2.3", "443", true);
    assert_lists("10.0.0.0/8", "11.1.2.3", "443", false);
    assert_lists("10.1.2.0/23", "10.1.3.9", "443", true);
    assert_lists("10.1.2.0/23", "10.1.4.9", "443", false);
    assert_lists("0.0.0.0/0", "8.8.8.8", "443", true);
    assert_lists("0.0.0.0/0", "[fd00::1]", "443", false);
    assert_lists("10.0.0.0/33", "10.0.0.0", "443", false);
    assert_lists("10.0.0.0/", "10.0.0.0", "443", false);
    assert_lists("10.0.0.0/-1", "10.0.0.0", "443", false);
    assert_lists("10.0.0.0/8x", "10.0.0.0", "443", false);
    assert_lists("fd00::/8", "[fdff::1]", "443", true);
    assert_lists("fd00::/8", "[fe00::1]", "443", false);
    assert_lists("fd00::1", "[fd00::1]", "443", true);
    assert_lists("[fd00::1]", "[fd00::1]", "443", true);
    assert_lists("10.1.2.3", "10.1.2.3", "443", true);
    assert_lists("10.1.2.3", "10.1.2.30", "443", false);
    /* No name is looked up, and an address has no domain. */
    assert_lists("10.0.0.0/8", "reg.corp", "443", false);
    assert_lists("2.3", "10.1.2.3", "443", false);
}

static void test_urls(void **state)
{
    (void)state;
    setenv("no_proxy", "one.example:443", 1);
    setenv("NO_PROXY", "*.corp", 1);
    assert_true(proxy_is_bypassed("https://one.example/v2/"));
    assert_false(proxy_is_bypassed("http://one.example/v2/"));
    assert_true(proxy_is_bypassed("https://reg.corp:5000/v2/"));
    assert_true(proxy_is_bypassed("http://[::1]:5000/v2/"));
    assert_false(proxy_is_bypassed("https://two.example/"));
    assert_false(proxy_is_bypassed("no URL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_loopback), cmocka_unit_test(test_names),
        cmocka_unit_test(test_ports),        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
