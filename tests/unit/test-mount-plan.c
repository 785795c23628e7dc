// SPDX-License-Identifier: Apache-2.0
/* Which mounts a pod has to have, and what the paths in spec.dump tell of the volumes behind them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/kube-name.h"
#include "base/memory.h"
#include "restore/mount-plan.h"

#define UID "94b35801-60b1-411f-b9c1-c154eeb58592"
#define POD "/var/lib/kubelet/pods/" UID "/"
#define SANDBOX "7f9604ef3b559d9f602df104c52636e5abf44e8c4387b273679c453ddb74eded"
#define OF_SANDBOX "/run/containers/storage/overlay-containers/" SANDBOX "/userdata/"

static json_t *make_spec(void)
{
    return json_pack("{s:{s:s, s:s}, s:[]}", "annotations", "io.kubernetes.pod.uid", UID,
                     "io.kubernetes.cri-o.SandboxID", SANDBOX, "mounts");
}

static void add(json_t *spec, const char *destination, const char *type, const char *source,
                json_t *options)
{
    json_array_append_new(json_object_get(spec, "mounts"),
                          json_pack("{s:s, s:s, s:s, s:o}", "destination", destination, "type",
                                    type, "source", source, "options",
                                    options ? options : json_array()));
}

static int try_plan(struct mount_plan *plan, json_t *spec, bool knows_passwd, struct error *error)
{
    struct checkpoint checkpoint = {.spec = spec};

    return mount_plan_read(plan, &checkpoint, knows_passwd, error);
}

static void read_plan(struct mount_plan *plan, json_t *spec)
{
    struct error error = {0};

    if (try_plan(plan, spec, true, &error))
        fail_msg("%s", error.text);
}

/* The volume of the only mount. */
static void assert_kind(const char *type, const char *source, enum volume_kind kind,
                        const char *known_as)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    add(spec, "/data", type, source, NULL);
    read_plan(&plan, spec);
    assert_int_equal(plan.mount_count, 1);
    assert_int_equal(plan.volume_count, 1);
    assert_int_equal(plan.mounts[0].owner, MOUNT_BY_POD);
    if (plan.volumes[0].kind != kind)
        fail_msg("%s: kind %d", source, plan.volumes[0].kind);
    if (known_as)
        assert_string_equal(plan.volumes[0].known_as, known_as);
    else
        assert_null(plan.volumes[0].known_as);
    mount_plan_done(&plan);
    json_decref(spec);
}

static void test_kinds(void **state)
{
    (void)state;
    assert_kind("bind", POD "volumes/kubernetes.io~empty-dir/cache", VOLUME_EMPTY_DIR, "cache");
    assert_kind("bind", POD "volumes/kubernetes.io~configmap/app", VOLUME_CONFIG_MAP, "app");
    assert_kind("bind", POD "volumes/kubernetes.io~secret/tls", VOLUME_SECRET, "tls");
    assert_kind("bind", POD "volumes/kubernetes.io~projected/all", VOLUME_PROJECTED, "all");
    assert_kind("bind", POD "volumes/kubernetes.io~downward-api/p", VOLUME_DOWNWARD_API, "p");
    assert_kind("bind", POD "volumes/kubernetes.io~csi/pvc-1/mount", VOLUME_PERSISTENT, "pvc-1");
    assert_kind("bind", POD "volumes/kubernetes.io~nfs/share", VOLUME_PERSISTENT, "share");
    assert_kind("bind", POD "volumes/kubernetes.io~secretly/x", VOLUME_PERSISTENT, "x");
    assert_kind("bind", POD "volume-subpaths/data/app/0", VOLUME_UNKNOWN, "data");
    assert_kind("tmpfs", "tmpfs", VOLUME_TMPFS, NULL);
    assert_kind("bind", OF_SANDBOX "mounts/x", VOLUME_ENGINE, NULL);
    assert_kind("bind", "/other/root/pods/" UID "/volumes/kubernetes.io~secret/s", VOLUME_SECRET,
                "s");
    /* The kubelet has no such places. */
    assert_kind("bind", POD "volumes/kubernetes.io~secret", VOLUME_UNKNOWN, NULL);
    assert_kind("bind", POD "other", VOLUME_HOST, NULL);
    assert_kind("bind", "relative", VOLUME_UNKNOWN, NULL);
}

/* What is the host's, or another pod's, is never taken for the pod's own. */
static void test_host(void **state)
{
    (void)state;
    assert_kind("bind", "/etc", VOLUME_HOST, NULL);
    assert_kind("bind", "/", VOLUME_HOST, NULL);
    assert_kind("bind", "/var/lib/kubelet/pods/other/volumes/kubernetes.io~secret/s", VOLUME_HOST,
                NULL);
    assert_kind("bind", POD "volumes/kubernetes.io~empty-dir/../../../../../etc", VOLUME_HOST,
                NULL);
    assert_kind("bind", "/var/lib/containers/../../etc", VOLUME_HOST, NULL);
    assert_kind("bind", "/var/lib/kubelet/pods/" UID "x/volumes/kubernetes.io~secret/s",
                VOLUME_HOST, NULL);
}

static void test_volumes_in_memory(void **state)
{
    static char mounts[] = "/dev/shm\0/cache\0/secret";
    json_t *spec = make_spec();
    struct checkpoint checkpoint = {
        .spec = spec,
        .criu.memory_mounts = {.data = mounts, .len = sizeof mounts},
    };
    struct mount_plan plan = {0};
    struct error error = {0};

    (void)state;
    add(spec, "/cache", "bind", POD "volumes/kubernetes.io~empty-dir/cache", NULL);
    add(spec, "/disk", "bind", POD "volumes/kubernetes.io~empty-dir/disk", NULL);
    add(spec, "/secret", "bind", POD "volumes/kubernetes.io~secret/tls", NULL);
    add(spec, "/again", "bind", POD "volumes/kubernetes.io~empty-dir/cache", NULL);
    if (mount_plan_read(&plan, &checkpoint, true, &error))
        fail_msg("%s", error.text);
    assert_int_equal(plan.volume_count, 3);
    assert_int_equal(plan.volumes[0].kind, VOLUME_TMPFS);
    assert_string_equal(plan.volumes[0].known_as, "cache");
    assert_int_equal(plan.volumes[1].kind, VOLUME_EMPTY_DIR);
    assert_int_equal(plan.volumes[2].kind, VOLUME_SECRET);
    assert_int_equal(plan.mounts[3].volume, 0);
    mount_plan_done(&plan);
    json_decref(spec);
}

static void test_owners(void **state)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    (void)state;
    add(spec, "/proc", "proc", "proc", NULL);
    add(spec, "/etc/passwd", "bind", OF_SANDBOX "passwd", NULL);
    add(spec, MOUNT_ETC_HOSTS, "bind", POD "etc-hosts", NULL);
    add(spec, MOUNT_TOKEN_DIRECTORY, "bind", POD "volumes/kubernetes.io~projected/kube-api-access",
        NULL);
    add(spec, "/tmp/why", "bind", POD "containers/app/12ab", NULL);
    read_plan(&plan, spec);
    assert_int_equal(plan.mount_count, 3);
    for (size_t i = 0; i < plan.mount_count; i++)
        assert_int_equal(plan.mounts[i].owner, MOUNT_BY_KUBELET);
    assert_int_equal(plan.volume_count, 0);
    assert_string_equal(plan.termination_log, "/tmp/why");
    assert_true(plan.has_token);
    assert_true(plan.has_passwd);
    mount_plan_done(&plan);
    json_decref(spec);
}

static void test_old_engine(void **state)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};
    struct error error = {0};

    (void)state;
    add(spec, "/etc/passwd", "bind", OF_SANDBOX "passwd", NULL);
    assert_int_equal(try_plan(&plan, spec, false, &error), 0);
    assert_int_equal(plan.mount_count, 1);
    assert_int_equal(plan.volumes[0].kind, VOLUME_ENGINE_FILE);
    assert_false(plan.has_token);
    mount_plan_done(&plan);
    json_decref(spec);
}

/* CRI-O tells in bind.mounts which mounts are of files. Where the old volume is not there any more,
 * the file has to be named in the new one. */
static void test_files(void **state)
{
    json_t *spec = make_spec();
    cleanup(json_decrefp) json_t *binds =
        json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s, s:s}]", "source",
                  "/srv/issue", "destination", "/etc/issue", "file_type", "file", "source",
                  "/srv/data", "destination", "/data", "file_type", "directory", "source",
                  OF_SANDBOX "group", "destination", "/own", "file_type", "file", "source", "/else",
                  "destination", "/moved", "file_type", "file");
    struct checkpoint checkpoint = {.spec = spec, .bind_mounts = binds};
    struct mount_plan plan = {0};
    struct error error = {0};

    (void)state;
    add(spec, "/etc/issue", "bind", "/srv/issue", NULL);
    add(spec, "/data", "bind", "/srv/data", NULL);
    add(spec, "/own", "bind", OF_SANDBOX "group", NULL);
    add(spec, "/moved", "bind", "/srv/moved", NULL);
    assert_int_equal(mount_plan_read(&plan, &checkpoint, true, &error), 0);
    assert_int_equal(plan.mount_count, 4);
    assert_true(plan.mounts[0].is_file);
    assert_true(plan_mount_wants_path(&plan, &plan.mounts[0]));
    assert_false(plan.mounts[1].is_file);
    assert_false(plan_mount_wants_path(&plan, &plan.mounts[1]));
    assert_int_equal(plan.volumes[plan.mounts[2].volume].kind, VOLUME_ENGINE_FILE);
    assert_false(plan_mount_wants_path(&plan, &plan.mounts[2]));
    assert_false(plan.mounts[3].is_file);
    mount_plan_done(&plan);
    json_decref(spec);
}

/* One volume, however often it is mounted, and a path in it is of the volume that is called so. */
static void test_shared_volumes(void **state)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    (void)state;
    add(spec, "/a/sub", "bind", POD "volume-subpaths/data/app/0", NULL);
    add(spec, "/a", "bind", POD "volumes/kubernetes.io~empty-dir/data", NULL);
    add(spec, "/a/b", "bind", POD "volumes/kubernetes.io~empty-dir/data", NULL);
    add(spec, "/a/c", "bind", POD "volume-subpaths/data/app/1", NULL);
    add(spec, "/t1", "tmpfs", "tmpfs", NULL);
    add(spec, "/t2", "tmpfs", "tmpfs", NULL);
    read_plan(&plan, spec);
    assert_int_equal(plan.mount_count, 6);
    assert_int_equal(plan.volume_count, 3);
    assert_string_equal(plan.volumes[0].name, "data");
    assert_int_equal(plan.volumes[0].kind, VOLUME_EMPTY_DIR);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(plan.mounts[i].volume, 0);
    assert_true(plan.mounts[0].is_sub_path);
    assert_false(plan.mounts[1].is_sub_path);
    assert_true(plan.mounts[3].is_sub_path);
    mount_plan_done(&plan);
    json_decref(spec);
}

static void test_options(void **state)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    (void)state;
    add(spec, "/a", "bind", "/x", json_pack("[s, s]", "rw", "rprivate"));
    add(spec, "/b", "bind", "/x", json_pack("[s, s]", "ro", "rslave"));
    add(spec, "/c", "bind", "/x", json_pack("[s, s]", "rro", "rshared"));
    read_plan(&plan, spec);
    assert_false(plan.mounts[0].is_read_only);
    assert_int_equal(plan.mounts[0].propagation, PROPAGATION_NONE);
    assert_true(plan.mounts[1].is_read_only);
    assert_false(plan.mounts[1].is_recursively_read_only);
    assert_int_equal(plan.mounts[1].propagation, PROPAGATION_FROM_HOST);
    assert_true(plan.mounts[2].is_recursively_read_only);
    assert_int_equal(plan.mounts[2].propagation, PROPAGATION_BOTH);
    assert_int_equal(plan.volume_count, 1);
    mount_plan_done(&plan);
    json_decref(spec);
}

/* Names are labels, and no two the same, whatever the paths are. */
static void test_names(void **state)
{
    static const char *const destinations[] = {
        "/var/lib/My App",
        "/var/lib/my-app",
        "/var/lib/my_app",
        "/",
        "//",
        "/\xc3\xa9",
        "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789",
        "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/x"};
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    (void)state;
    for (size_t i = 0; i < sizeof destinations / sizeof *destinations; i++) {
        cleanup_free char *source = xasprintf("/host/%zu", i);

        add(spec, destinations[i], "bind", source, NULL);
    }
    add(spec, "/upper", "bind", POD "volumes/kubernetes.io~secret/Upper_Case", NULL);
    read_plan(&plan, spec);
    assert_int_equal(plan.volume_count, 9);
    assert_string_equal(plan.volumes[0].name, "var-lib-my-app");
    assert_string_equal(plan.volumes[3].name, "volume");
    assert_string_equal(plan.volumes[8].name, "upper");
    for (size_t i = 0; i < plan.volume_count; i++) {
        assert_true(dns_is_label(plan.volumes[i].name));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(plan.volumes[i].name, plan.volumes[j].name);
    }
    mount_plan_done(&plan);
    json_decref(spec);
}

static void test_twice(void **state)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    (void)state;
    add(spec, "/data", "bind", POD "volumes/kubernetes.io~empty-dir/data", NULL);
    add(spec, "/data", "bind", "/etc", NULL);
    read_plan(&plan, spec);
    assert_int_equal(plan.mount_count, 1);
    assert_int_equal(plan.volumes[0].kind, VOLUME_EMPTY_DIR);
    mount_plan_done(&plan);
    json_decref(spec);
}

static void test_undeclarable(void **state)
{
    static const char *const destinations[] = {"/a:b",       "relative",       "/a/../etc",
                                               "/a\x1b[31m", "/a\xe2\x80\xae", ""};

    (void)state;
    for (size_t i = 0; i < sizeof destinations / sizeof *destinations; i++) {
        json_t *spec = make_spec();
        struct mount_plan plan = {0};
        struct error error = {0};

        add(spec, destinations[i], "bind", "/x", NULL);
        assert_int_equal(try_plan(&plan, spec, true, &error), -1);
        assert_int_equal(error.kind, ERROR_ARCHIVE);
        assert_int_equal(plan.mount_count, 0);
        json_decref(spec);
    }
}

static void test_many(void **state)
{
    json_t *spec = make_spec();
    struct mount_plan plan = {0};
    struct error error = {0};

    (void)state;
    for (int i = 0; i < MOUNT_PLAN_MAX_MOUNTS; i++) {
        cleanup_free char *destination = xasprintf("/%.*s%d", i % 40,
                                                   "--------------------------------"
                                                   "--------",
                                                   i / 40);
        cleanup_free char *source = xasprintf("/host/%d", i);

        add(spec, destination, "bind", source, NULL);
    }
    read_plan(&plan, spec);
    assert_int_equal(plan.volume_count, MOUNT_PLAN_MAX_MOUNTS);
    mount_plan_done(&plan);
    add(spec, "/one-more", "bind", "/x", NULL);
    assert_int_equal(try_plan(&plan, spec, true, &error), -1);
    assert_non_null(strstr(error.text, "more than 1024 mounts"));
    json_decref(spec);
}

static void test_devices(void **state)
{
    json_t *devices = json_pack("[{s:s, s:s}, {s:s, s:s}]", "path", "/dev/xvdb", "type", "b",
                                "path", "/dev/fuse", "type", "c");
    json_t *spec = make_spec();
    struct mount_plan plan = {0};

    (void)state;
    json_object_set_new(spec, "linux", json_pack("{s:o}", "devices", devices));
    read_plan(&plan, spec);
    assert_int_equal(plan.mount_count, 1);
    assert_true(plan.mounts[0].is_device);
    assert_int_equal(plan.volumes[0].kind, VOLUME_DEVICE);
    mount_plan_done(&plan);
    json_decref(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_volumes_in_memory),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_old_engine),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_shared_volumes),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_undeclarable),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
