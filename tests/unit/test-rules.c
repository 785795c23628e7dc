// SPDX-License-Identifier: Apache-2.0
/* What is found in the documents of an archive: what engines would do with it as root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "checkpoint/checkpoint.h"

#define ID "7f9604ef3b559d9f602df104c52636e5abf44e8c4387b273679c453ddb74eded"
#define DIGEST "@sha256:" ID
#define USERDATA "/run/containers/storage/overlay-containers/" ID "/userdata/"

static json_t *load(const char *text)
{
    json_error_t at;
    json_t *json = json_loads(text, 0, &at);

    if (!json)
        fail_msg("%s: %s", at.text, text);
    return json;
}

/* The members of the second object, where they are objects too, into those of the first. */
static void merge(json_t *into, json_t *more)
{
    const char *key;
    json_t *value;

    json_object_foreach(more, key, value)
    {
        json_t *old = json_object_get(into, key);

        if (json_is_object(old) && json_is_object(value) && json_object_size(value))
            merge(old, value);
        else
            json_object_set(into, key, value);
    }
}

static void checkpoint_init(struct checkpoint *archive, const char *spec, const char *config)
{
    *archive = (struct checkpoint){.spec = load(spec), .config = load(config)};
    archive->engine = engine_detect(json_object_get(archive->spec, "annotations"));
}

static void crio_init(struct checkpoint *archive)
{
    checkpoint_init(archive,
                    "{\"annotations\": {\"io.container.manager\": \"cri-o\","
                    " \"io.kubernetes.cri-o.SandboxID\": \"" ID "\"}, \"linux\": {}, \"mounts\":"
                    " [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"" USERDATA
                    "x\"}]}",
                    "{}");
    archive->image_id = xstrdup(ID);
    archive->nested[NESTED_ANNOTATIONS] = load("{}");
}

static const char podman_spec[] =
    "{\"annotations\": {\"io.container.manager\": \"libpod\"}, \"process\": {\"capabilities\":"
    " {\"bounding\": [\"CAP_CHOWN\"]}}, \"linux\": {\"namespaces\": [{\"type\": \"pid\"},"
    " {\"type\": \"network\", \"path\": \"/run/netns/netns-1\"}, {\"type\": \"ipc\"},"
    " {\"type\": \"uts\"}, {\"type\": \"mount\"}], \"resources\": {\"devices\": [{\"allow\":"
    " false, \"access\": \"rwm\"}]}, \"seccomp\": {\"defaultAction\": \"SCMP_ACT_ERRNO\"},"
    " \"maskedPaths\": [\"/proc/acpi\", \"/proc/kcore\", \"/proc/keys\", \"/proc/timer_list\","
    " \"/proc/sched_debug\", \"/proc/scsi\", \"/sys/firmware\"], \"readonlyPaths\":"
    " [\"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\"]}}";

static void podman_init(struct checkpoint *archive)
{
    checkpoint_init(archive, podman_spec, "{\"id\": \"" ID "\", \"rootfsImageID\": \"" ID "\"}");
    archive->image_id = xstrdup(ID);
}

/* How often `check` is found, after which the archive is gone. Nothing else may be. */
static size_t found(struct checkpoint *archive, enum check check)
{
    struct findings findings = {.policy = {.keeps_going = true}};
    struct error error = {0};
    size_t count;

    assert_int_equal(checkpoint_check(archive, &findings, &error), 0);
    count = findings.counts[check];
    for (size_t i = 0; i < findings.count; i++)
        if (findings.list[i].check != check)
            fail_msg("%s: %s", check_info(findings.list[i].check)->name, findings.list[i].detail);
    findings_done(&findings);
    checkpoint_done(archive);
    return count;
}

static size_t found_with_spec(void init(struct checkpoint *), const char *more, enum check check)
{
    cleanup(json_decrefp) json_t *json = load(more);
    struct checkpoint archive;

    init(&archive);
    merge(archive.spec, json);
    return found(&archive, check);
}

static size_t found_with_config(const char *more, enum check check)
{
    cleanup(json_decrefp) json_t *json = load(more);
    struct checkpoint archive;

    podman_init(&archive);
    merge(archive.config, json);
    return found(&archive, check);
}

static void test_plain_archives_are_in_order(void **state)
{
    (void)state;
    assert_int_equal(found_with_spec(crio_init, "{}", CHECK_HOOK), 0);
    assert_int_equal(found_with_spec(podman_init, "{}", CHECK_HOOK), 0);
}

static size_t found_in_nested(const char *key, enum check check)
{
    struct checkpoint archive;

    crio_init(&archive);
    json_object_set_new(archive.nested[NESTED_ANNOTATIONS], key, json_string("x"));
    return found(&archive, check);
}

static size_t found_in_status(const char *key, enum check check)
{
    struct checkpoint archive;

    crio_init(&archive);
    archive.status = json_pack("{s:{s:s}}", "annotations", key, "x");
    return found(&archive, check);
}

static void test_annotations(void **state)
{
    static const char *const crios[] = {"io.kubernetes.cri-o.LogPath",
                                        "io.kubernetes.cri-o.x",
                                        "devices.crio.io",
                                        "cpu-shared.crio.io/app",
                                        "seccomp-profile.kubernetes.cri-o.io/POD",
                                        "io.container.manager"};
    static const char *const of_runtimes[] = {"org.criu.config",
                                              "run.oci.hooks.stdout",
                                              "krun.variant",
                                              "module.wasm.image/variant",
                                              "org.systemd.property.OnFailure",
                                              "io.kubernetes.cri.container-type",
                                              "io.katacontainers.config.hypervisor.path"};
    static const char *const harmless[] = {"io.kubernetes.container.hash",
                                           "io.kubernetes.pod.terminationGracePeriod",
                                           "example.com/crio.io",
                                           "example.com/org.criu.config",
                                           "notcrio.io",
                                           "cdi.k8s.io.example.com",
                                           "restored"};

    (void)state;
    for (size_t i = 0; i < sizeof crios / sizeof *crios; i++) {
        assert_int_equal(found_in_nested(crios[i], CHECK_ENGINE_ANNOTATION), 1);
        assert_int_equal(found_in_status(crios[i], CHECK_ENGINE_ANNOTATION), 0);
    }
    for (size_t i = 0; i < sizeof of_runtimes / sizeof *of_runtimes; i++) {
        assert_int_equal(found_in_nested(of_runtimes[i], CHECK_RUNTIME_ANNOTATION), 1);
        assert_int_equal(found_in_status(of_runtimes[i], CHECK_RUNTIME_ANNOTATION), 1);
    }
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        assert_int_equal(found_in_nested(harmless[i], CHECK_ENGINE_ANNOTATION), 0);
        assert_int_equal(found_in_status(harmless[i], CHECK_ENGINE_ANNOTATION), 0);
    }
    assert_int_equal(found_in_nested("cdi.k8s.io", CHECK_CDI_DEVICE), 1);
    assert_int_equal(found_in_nested("cdi.k8s.io/a", CHECK_CDI_DEVICE), 1);
    assert_int_equal(found_in_status("cdi.k8s.io/a", CHECK_CDI_DEVICE), 1);
}

/* Podman hands on what is in spec.dump, where CRI-O's have what the pod's owner asked for. */
static void test_annotations_of_the_spec(void **state)
{
    static const char config[] = "{\"annotations\": {\"org.criu.config\": \"/x\"}}";
    static const char podmans[] = "{\"annotations\": {\"org.systemd.property.KillSignal\": \"15\","
                                  " \"org.systemd.property.TimeoutStopUSec\": \"uint64 1\","
                                  " \"run.oci.keep_original_groups\": \"1\"}}";

    (void)state;
    assert_int_equal(found_with_spec(podman_init, config, CHECK_RUNTIME_ANNOTATION), 1);
    assert_int_equal(found_with_spec(crio_init, config, CHECK_RUNTIME_ANNOTATION), 0);
    assert_int_equal(found_with_spec(podman_init, podmans, CHECK_RUNTIME_ANNOTATION), 0);
}

static size_t found_with_mount(void init(struct checkpoint *), const char *type, const char *source,
                               const char *option)
{
    struct checkpoint archive;

    init(&archive);
    json_object_set_new(archive.spec, "mounts",
                        json_pack("[{s:s, s:s, s:s, s:[s]}]", "destination", "/host", "type", type,
                                  "source", source, "options", option));
    return found(&archive, CHECK_HOST_MOUNT);
}

static void test_mounts(void **state)
{
    (void)state;
    assert_int_equal(found_with_mount(crio_init, "bind", "/run/crio/crio.sock", "ro"), 1);
    assert_int_equal(found_with_mount(crio_init, "none", "/etc", "rbind"), 1);
    assert_int_equal(found_with_mount(crio_init, "tmpfs", "/etc", "bind"), 1);
    assert_int_equal(found_with_mount(podman_init, "", "/etc", "rw"), 1);
    assert_int_equal(found_with_mount(podman_init, "ext4", "/dev/sda1", "rw"), 1);
    assert_int_equal(found_with_mount(podman_init, "overlay", "overlay", "lowerdir=/etc"), 1);
    assert_int_equal(found_with_mount(podman_init, "nfs", "192.0.2.1:/", "rw"), 1);
    assert_int_equal(found_with_mount(podman_init, "devtmpfs", "devtmpfs", "rw"), 1);
    assert_int_equal(found_with_mount(podman_init, "tmpfs", "tmpfs", "nosuid"), 0);
    assert_int_equal(found_with_mount(podman_init, "proc", "proc", "nosuid"), 0);
    assert_int_equal(found_with_mount(crio_init, "bind", USERDATA "shm", "rw"), 0);
}

static size_t found_with_bind(const char *source, const char *destination)
{
    struct checkpoint archive;

    crio_init(&archive);
    archive.bind_mounts = json_pack("[{s:s, s:s}]", "source", source, "destination", destination);
    return found(&archive, CHECK_BIND_MOUNTS);
}

static void test_bind_mounts(void **state)
{
    (void)state;
    assert_int_equal(found_with_bind(USERDATA "x", "/data"), 0);
    assert_int_equal(found_with_bind("/etc/nologin", "/data"), 1);
    assert_int_equal(found_with_bind(USERDATA "x", "/other"), 1);
    assert_int_equal(found_with_bind(USERDATA "x", "/data/"), 1);
}

static void test_paths_that_are_hidden(void **state)
{
    (void)state;
    /* CRI-O keeps its own lists where there are none. */
    assert_int_equal(found_with_spec(crio_init, "{\"linux\": {\"maskedPaths\": null}}",
                                     CHECK_UNMASKED_PATHS),
                     0);
    assert_int_equal(found_with_spec(crio_init,
                                     "{\"linux\": {\"maskedPaths\": [], \"readonlyPaths\": []}}",
                                     CHECK_UNMASKED_PATHS),
                     2);
    assert_int_equal(found_with_spec(crio_init,
                                     "{\"linux\": {\"readonlyPaths\": [\"/proc/bus\", \"/proc/fs\","
                                     "\"/proc/irq\", \"/proc/sysrq-trigger\"]}}",
                                     CHECK_UNMASKED_PATHS),
                     1);
    assert_int_equal(found_with_spec(crio_init,
                                     "{\"linux\": {\"maskedPaths\": [\"/proc\", \"/sys\"],"
                                     " \"readonlyPaths\": [\"/proc/x\"]}}",
                                     CHECK_UNMASKED_PATHS),
                     0);
    assert_int_equal(found_with_spec(podman_init, "{\"linux\": {\"maskedPaths\": null}}",
                                     CHECK_UNMASKED_PATHS),
                     1);
}

static void test_what_podman_gives_of_the_host(void **state)
{
    static const char *const cases[] = {
        "{\"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\":"
        " \"ipc\"}, {\"type\": \"uts\"}]}}",
        "{\"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\", \"path\":"
        " \"/proc/1/ns/net\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"}, {\"type\": \"mount\"}]}}",
        "{\"linux\": {\"devices\": [{\"path\": \"/dev/x\", \"type\": \"b\", \"major\": 1,"
        " \"minor\": 3}]}}",
        "{\"linux\": {\"devices\": [{\"path\": \"/dev/kmem\", \"type\": \"c\", \"major\": 1,"
        " \"minor\": 2}]}}",
        "{\"linux\": {\"resources\": {\"devices\": [{\"allow\": true, \"access\": \"rwm\"}]}}}",
        "{\"linux\": {\"resources\": {\"devices\": [{\"allow\": true, \"type\": \"b\", \"major\":"
        " 8, \"minor\": 0, \"access\": \"r\"}]}}}",
        "{\"linux\": {\"resources\": {\"devices\": [{\"allow\": true, \"type\": \"c\"}]}}}",
        "{\"process\": {\"capabilities\": {\"bounding\": [\"CAP_SYS_ADMIN\"], \"permitted\":"
        " [\"CAP_SYS_ADMIN\"]}}}",
        "{\"linux\": {\"seccomp\": null}}",
        "{\"linux\": {\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\"}}}",
        "{\"linux\": {\"seccomp\": {\"listenerPath\": \"/run/x\"}}}",
        "{\"linux\": {\"netDevices\": {\"eth0\": {\"name\": \"net1\"}}}}",
        "{\"process\": {\"apparmorProfile\": \"unconfined\"}}",
        "{\"process\": {\"selinuxLabel\": \"unconfined_u:system_r:spc_t:s0\"}}",
    };
    static const char usual[] =
        "{\"linux\": {\"devices\": [{\"path\": \"/dev/fuse\", \"type\": \"c\", \"major\": 10,"
        " \"minor\": 229}], \"resources\": {\"devices\": [{\"allow\": true, \"type\": \"c\","
        " \"major\": 1, \"minor\": 3, \"access\": \"rwm\"}, {\"allow\": true, \"type\": \"c\","
        " \"access\": \"m\"}]}}, \"process\": {\"capabilities\": {\"bounding\": [\"CAP_MKNOD\"]}}}";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(found_with_spec(podman_init, cases[i], CHECK_HOST_ACCESS), 1);
        assert_int_equal(found_with_spec(crio_init, cases[i], CHECK_HOST_ACCESS), 0);
    }
    assert_int_equal(found_with_spec(podman_init, usual, CHECK_HOST_ACCESS), 0);
}

/* Which engine made it, only the archive says; what podman needs cannot be hidden so. */
static void test_podman_restores_what_calls_itself_another_engines(void **state)
{
    struct checkpoint archive;

    (void)state;
    podman_init(&archive);
    archive.engine = ENGINE_CRIO;
    json_object_set_new(json_object_get(archive.spec, "linux"), "seccomp", json_null());
    assert_int_equal(found(&archive, CHECK_HOST_ACCESS), 1);
}

static void test_podmans_configuration(void **state)
{
    static const char *const cases[] = {
        "{\"rootfs\": \"/\"}",
        "{\"conmonPidFile\": \"/etc/x\"}",
        "{\"pid_file\": \"/run/containers/storage/overlay-containers/x/userdata/pidfile\"}",
        "{\"baseHostsFile\": \"/etc/shadow\"}",
        "{\"healthLogDestination\": \"/etc\"}",
        "{\"mounts\": [\"/var\"]}",
        "{\"namedVolumes\": [{\"volumeName\": \"a\", \"options\": [\"volume-opt=device=/\"]}]}",
        "{\"namedVolumes\": [{\"volumeName\": \"a\", \"options\": [\"O\", \"upperdir=/etc\"]}]}",
        "{\"namedVolumes\": [{\"volumeName\": \"../a\"}]}",
        "{\"overlayVolumes\": [{\"dest\": \"/o\", \"source\": \"/etc\"}]}",
        "{\"pidNsCtr\": \"" ID "\"}",
        "{\"timezone\": \"../../../root/.ssh/id_rsa\"}",
        "{\"sdnotifySocket\": \"/run/x\"}",
        "{\"mountAllDevices\": true}",
        "{\"network_options\": {\"pasta\": [\"--log-file=/etc/x\"]}}",
    };
    static const char usual[] =
        "{\"conmonPidFile\": \"" USERDATA "conmon.pid\", \"pid_file\": \"" USERDATA "pidfile\","
        " \"mounts\": [\"" USERDATA "shm\"], \"baseHostsFile\": \"none\", \"timezone\":"
        " \"Europe/Vienna\", \"healthLogDestination\": \"local\", \"namedVolumes\":"
        " [{\"volumeName\": \"data\", \"options\": [\"rw\", \"nosuid\"]}], \"sdnotifySocket\":"
        " \"/run/user/1000/systemd/notify\", \"network_options\": {\"slirp4netns\":"
        " [\"cidr=10.0.2.0/24\"]}, \"pod\": \"" ID "\", \"netNsCtr\": \"" ID "\"}";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(found_with_config(cases[i], CHECK_PODMAN_CONFIG), 1);
    assert_int_equal(found_with_config(usual, CHECK_PODMAN_CONFIG), 0);
    assert_int_equal(found_with_config("{\"cdiDevices\": [\"nvidia.com/gpu=all\"]}",
                                       CHECK_CDI_DEVICE),
                     1);
}

/* Whether the image's two names are found to differ. */
static bool differ(const char *requested, const char *name, const char *id)
{
    struct checkpoint archive;

    crio_init(&archive);
    archive.engine = ENGINE_CONTAINERD; /* takes any id */
    free(archive.image_id);
    archive.image_requested = xstrdup(requested);
    archive.image_name = xstrdup(name);
    archive.image_id = xstrdup(id);
    json_object_set_new(archive.config, "rootfsImageName", json_string(name));
    json_object_set_new(archive.config, "rootfsImageRef", json_string(id));
    return found(&archive, CHECK_IMAGE_NAMES_DIFFER) > 0;
}

static void test_names_of_images(void **state)
{
    static const char nginx[] = "docker.io/library/nginx:latest";

    (void)state;
    assert_false(differ("nginx", nginx, ID));
    assert_false(differ("docker.io/nginx:1", nginx, ID));
    assert_false(differ("index.docker.io/library/nginx", nginx, ID));
    assert_false(differ("docker://docker.io/nginx", nginx, ID));
    assert_false(differ("7f9604ef3b55", nginx, ID));
    assert_false(differ("sha256:" ID, nginx, ID));
    assert_false(differ("fedora", "registry.fedoraproject.org/fedora:41", ID));
    assert_false(differ("team/app", "[2001:db8::5]:5000/team/app:1", ID));
    assert_false(differ("[::1]:5000/x", "[::1]:5000/x", ID));
    assert_true(differ("docker.io/other/nginx", nginx, ID));
    assert_true(differ("docker.io/nginx", "evil.example/docker.io/nginx", ID));
    assert_true(differ("bbbbbbbbbbbb", nginx, ID));
    assert_true(differ("ginx", nginx, ID));
    assert_false(differ("r.example/a:1", "r.example/a:1", "r.example/a" DIGEST));
    assert_false(differ("nginx", nginx, "docker.io/library/nginx@sha512:" ID ID));
    assert_true(differ("r.example/a:1", "r.example/a:1", "r.example/b" DIGEST));
    assert_true(differ("r.example/a:1", "r.example/a:1", "s.example/a" DIGEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_archives_are_in_order),
        cmocka_unit_test(test_annotations),
        cmocka_unit_test(test_annotations_of_the_spec),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_bind_mounts),
        cmocka_unit_test(test_paths_that_are_hidden),
        cmocka_unit_test(test_what_podman_gives_of_the_host),
        cmocka_unit_test(test_podman_restores_what_calls_itself_another_engines),
        cmocka_unit_test(test_podmans_configuration),
        cmocka_unit_test(test_names_of_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
