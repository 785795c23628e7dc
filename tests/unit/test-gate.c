// SPDX-License-Identifier: Apache-2.0
/* Checks that no archive of a test can reach: the sizes of layers, the places of many engines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "checkpoint/mount.h"
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

#define UID "94b35801-60b1-411f-b9c1-c154eeb58592"
#define OTHER_UID "00000000-60b1-411f-b9c1-c154eeb58592"
#define ID "7f9604ef3b559d9f602df104c52636e5abf44e8c4387b273679c453ddb74eded"
#define OTHER_ID "00000000000000009f602df104c52636e5abf44e8c4387b273679c453ddb74ed"

/* Wherever the engine and the kubelet keep what is theirs, the ids in the archive tell what they
 * have made for this container. */
static void test_sources_of_mounts(void **state)
{
    static const char *const usual[] = {
        "/var/lib/kubelet/pods/" UID "/etc-hosts",
        "/data/kubelet/pods/" UID "/volumes/x",
        "/run/containers/storage/overlay-containers/" ID "/userdata/shm",
        "/var/run/containers/storage/vfs-containers/" ID "/userdata/resolv.conf",
        "/run/user/1000/containers/overlay-containers/" ID "/userdata/hosts",
        "/run/k0s/containerd/io.containerd.grpc.v1.cri/sandboxes/" ID "/shm",
        "/var/snap/microk8s/common/var/lib/containerd/io.containerd.grpc.v1.cri/containers/" ID
        "/volumes/1",
        "/home/me/.local/share/containers/storage/volumes/other/_data",
        "/var/lib/containers/storage-podman/volumes/data/_data/sub",
        "/srv/podman/volumes/data/_data",
    };
    static const char *const unusual[] = {
        "/",
        "/etc",
        "relative",
        "/var/run/docker.sock",
        "/run/crio/crio.sock",
        "/run/containerd/containerd.sock",
        "/var/lib/rancher/k3s/server/token",
        "/var/lib/containers/storage",
        "/run/containers/storage/overlay-containers/" OTHER_ID "/userdata/shm",
        "/run/containers/storage/overlay-containers/" ID,
        "/run/containers/storage/overlay-containers/" ID "/userdata/",
        "/run/containers/storage/overlay-containers/" ID "/userdata/../../../../../etc",
        "/run/containers/storage/overlay-containers/x" ID "/userdata/shm",
        "/etc/" ID "/userdata/x",
        "/srv/sandboxes/" ID "/shm",
        "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/" ID "/",
        "/var/lib/docker/volumes/other/_data",
        "/var/lib/containers/storage/volumes/data/_database",
        "/var/lib/containers/storage/volumes/data",
        "/srv/data/_data",
        "/var/lib/kubelet/pods/" UID "0/volumes/x",
        "/var/lib/kubelet/pods/" UID "/other",
        "/var/lib/kubelet/pods/" OTHER_UID "/etc-hosts",
        "/var/lib/kubelet/pods/" OTHER_UID "/volumes/x/pods/" UID "/volumes/x",
    };
    cleanup(json_decrefp) json_t *spec =
        json_pack("{s:{s:s, s:s}}", "annotations", "io.kubernetes.pod.uid", UID,
                  "io.kubernetes.cri.sandbox-id", ID);
    cleanup(json_decrefp) json_t *config =
        json_pack("{s:s, s:[{s:s}]}", "id", "../etc", "namedVolumes", "volumeName", "data");
    struct mount_ids ids = mount_ids_read(spec, config), none = {.pod_uid = ""};

    (void)state;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (!mount_source_is_usual(usual[i], &ids))
            fail_msg("%s", usual[i]);
    for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++)
        if (mount_source_is_usual(unusual[i], &ids))
            fail_msg("%s", unusual[i]);
    assert_int_equal(ids.count, 1); /* "../etc" is no id */
    for (size_t i = 0; i < 7; i++)
        assert_false(mount_source_is_usual(usual[i], &none));
    assert_false(mount_source_is_usual("/pods//volumes", &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_of_registries),
        cmocka_unit_test(test_sources_of_mounts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
