// SPDX-License-Identifier: Apache-2.0
/* Checks that no archive of a test can reach: the sizes of layers, the places of many engines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoint/gate-mount.h"
#include "convert/delivery.h"

/* How often a layer of that size is warned of. */
static size_t warnings(const char *name, uint64_t layer_size)
{
    struct destination destination = {0};
    struct convert_options options = {.destinations = &destination, .destination_count = 1};
    struct findings findings = {0};
    struct error error = {0};
    size_t count;

    assert_int_equal(destination_parse(&destination, name, &error), 0);
    assert_int_equal(deliveries_check_size(&findings, &options, layer_size, &error), 0);
    count = findings.counts[CHECK_REGISTRY_LIMIT];
    findings_done(&findings);
    destination_done(&destination);
    return count;
}

static void test_limits_of_registries(void **state)
{
    static const char ecr[] = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/x:1";

    (void)state;
    assert_int_equal(warnings("ghcr.io/user/x:1", 10000000000), 0);
    assert_int_equal(warnings("ghcr.io/user/x:1", 10000000001), 1);
    assert_int_equal(warnings(ecr, 52000ULL << 20), 0);
    assert_int_equal(warnings(ecr, (52000ULL << 20) + 1), 1);
    assert_int_equal(warnings("registry.example/ghcr.io/x:1", UINT64_MAX), 0);
    assert_int_equal(warnings("oci:ghcr.io", UINT64_MAX), 0);
}

static void test_sources_of_mounts(void **state)
{
    static const char uid[] = "94b35801-60b1-411f-b9c1-c154eeb58592";
    static const char *const usual[] = {
        "/run/containers/storage/overlay-containers/a02418/userdata/shm",
        "/var/lib/kubelet/pods/94b35801-60b1-411f-b9c1-c154eeb58592/etc-hosts",
        "/data/kubelet/pods/94b35801-60b1-411f-b9c1-c154eeb58592/volumes/x",
        "/run/user/1000/containers/overlay-containers/x/userdata/hosts",
        "/home/me/.local/share/containers/storage/volumes/data/_data",
    };
    static const char *const unusual[] = {
        "/",
        "/etc",
        "/var/run/docker.sock",
        "/run/containers/../../etc",
        "/run/containersevil/x",
        "/var/lib/kubelet/pods/94b35801-60b1-411f-b9c1-c154eeb585920/x",
        "/var/lib/kubelet/pods/00000000-60b1-411f-b9c1-c154eeb58592/etc-hosts",
    };

    (void)state;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (!gate_source_is_usual(usual[i], uid))
            fail_msg("%s", usual[i]);
    for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++)
        if (gate_source_is_usual(unusual[i], uid))
            fail_msg("%s", unusual[i]);
    assert_false(gate_source_is_usual(usual[1], NULL));
    assert_false(gate_source_is_usual("/pods//x", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_of_registries),
        cmocka_unit_test(test_sources_of_mounts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
