// SPDX-License-Identifier: Apache-2.0
/* Names of Kubernetes, and what the kubelet's names of files say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/kube-name.h"

static void test_labels_and_subdomains(void **state)
{
    static const char *const labels[] = {"a", "kube-system", "0", "a--b"};
    static const char *const subdomains[] = {"a.b", "etcd-node-1.example", "1.2.3"};
    static const char *const none[] = {"",   "-a", "a-",   "A",    "a_b", "a..b",
                                       ".a", "a.", "a-.b", "a.-b", "a\n", "\xc3\xa9"};
    char text[255] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        assert_true(dns_is_label(labels[i]) && dns_is_subdomain(labels[i]));
    for (size_t i = 0; i < sizeof subdomains / sizeof *subdomains; i++)
        assert_true(!dns_is_label(subdomains[i]) && dns_is_subdomain(subdomains[i]));
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(dns_is_label(none[i]) || dns_is_subdomain(none[i]));
    memset(text, 'a', 254);
    assert_false(dns_is_subdomain(text));
    text[253] = '\0';
    assert_true(dns_is_subdomain(text));
    text[64] = '\0';
    assert_false(dns_is_label(text));
    text[63] = '\0';
    assert_true(dns_is_label(text));
}

#define TIME "-2026-11-20T09:30:15Z.tar"

static void test_which_names_are_the_kubelets(void **state)
{
    static const char *const its[] = {
        "checkpoint-web_shop-cart-2026-11-20T09:30:15Z.tar",
        "checkpoint-web_shop-cart-2026-11-20T09:30:15+01:00.tar",
        "checkpoint-web_shop-cart-2026-11-20T09:30:15-08:00.tar.zst",
    };
    static const char *const others[] = {
        "checkpoint-web_shop-cart.tar",
        "checkpoint-web-shop-cart-2026-11-20T09:30:15Z.tar",
        "checkpoint-web_shop-cart-2026-11-20T09:30:15.tar",
        "checkpoint-web_shop-cart-2026-11-20T09:30:15Z.zip",
        "checkpoint-web_shop-cart-2026-11-20",
        "checkpoint-_T.tar",
        "web_shop-cart-2026-11-20T09:30:15Z.tar",
        "T",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof its / sizeof *its; i++)
        assert_int_equal(kubelet_file_container_len(its[i]), strlen("checkpoint-web_shop-cart"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(kubelet_file_container_len(others[i]), 0);
}

static bool may_hold(const char *name, const char *pod_namespace, const char *pod,
                     const char *container)
{
    return kubelet_file_may_hold(name, &(struct container_identity){pod_namespace, pod, container});
}

static void test_what_a_file_may_hold(void **state)
{
    static const char name[] = "checkpoint-etcd-1.example_team-a-b-c-d" TIME;

    (void)state;
    /* Where the namespace ends does not show. */
    assert_true(may_hold(name, "team-a-b", "etcd-1.example", "c-d"));
    assert_true(may_hold(name, "team", "etcd-1.example", "a-b-c-d"));
    assert_false(may_hold(name, "team-a", "etcd-1.example", "c-d"));
    assert_false(may_hold(name, "kube-system", "etcd-1.example", "c-d"));
    assert_false(may_hold(name, "team-a-b", "etcd-1", "c-d"));
    assert_false(may_hold(name, "team-a-b", "etcd-1.example", "d-d"));
    assert_false(may_hold(name, "team-a-b-c-d", "etcd-1.example", "c-d"));
    assert_false(may_hold(name, "", "etcd-1.example", "c-d"));
    /* What is not known contradicts nothing; what is known may. */
    assert_true(may_hold(name, NULL, NULL, NULL));
    assert_true(may_hold(name, NULL, NULL, "c-d"));
    assert_true(may_hold(name, "team-a", NULL, NULL));
    assert_false(may_hold(name, "kube-system", NULL, NULL));
    assert_false(may_hold(name, NULL, "etcd", NULL));
    assert_false(may_hold(name, NULL, NULL, "etcd"));
    assert_true(may_hold("checkpoint-1.tar", "kube-system", "etcd", "etcd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_and_subdomains),
        cmocka_unit_test(test_which_names_are_the_kubelets),
        cmocka_unit_test(test_what_a_file_may_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
