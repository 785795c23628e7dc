// SPDX-License-Identifier: Apache-2.0
/* What spec.dump tells of a container's settings, whatever else is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "restore/pod-settings.h"

static json_t *load(const char *text)
{
    json_t *spec = json_loads(text, 0, NULL);

    assert_non_null(spec);
    return spec;
}

static void test_ordinary(void **state)
{
    json_t *spec = load("{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
                        "\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_SETGID\","
                        "\"CAP_SETUID\",\"CAP_SETPCAP\",\"CAP_NET_BIND_SERVICE\",\"CAP_KILL\"]}},"
                        "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\","
                        "\"path\":\"/n\"},{\"type\":\"ipc\",\"path\":\"/i\"}],\"resources\":{"
                        "\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],"
                        "\"cpu\":{\"shares\":2,\"quota\":0,\"period\":0}}}}");
    struct pod_settings settings = {0};

    (void)state;
    pod_settings_read(&settings, spec, ENGINE_CRIO);
    assert_false(settings.has_host_network || settings.has_host_pid || settings.has_host_ipc);
    assert_false(settings.is_privileged || settings.shares_processes);
    assert_false(settings.drops_capabilities);
    assert_int_equal(json_array_size(settings.further_capabilities), 0);
    assert_int_equal(settings.cpu_request_millicores, 0);
    assert_int_equal(settings.cpu_limit_millicores, 0);
    assert_int_equal(settings.memory_limit_bytes, 0);
    pod_settings_done(&settings);
    json_decref(spec);
}

static void test_further(void **state)
{
    json_t *spec =
        load("{\"annotations\":{\"io.kubernetes.pod.terminationGracePeriod\":\"45\","
             "\"io.kubernetes.cri-o.Stdin\":\"true\"},"
             "\"root\":{\"readonly\":true},"
             "\"process\":{\"terminal\":true,\"noNewPrivileges\":true,\"selinuxLabel\":\"l\","
             "\"user\":{\"uid\":1000,\"gid\":2000},"
             "\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\",\"x\",7]}},"
             "\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/p\"}],\"resources\":{"
             "\"devices\":[{\"allow\":true,\"access\":\"rwm\"}],"
             "\"memory\":{\"limit\":1048576},"
             "\"cpu\":{\"shares\":4096,\"quota\":150000,\"period\":100000}}}}");
    struct pod_settings settings = {0};

    (void)state;
    pod_settings_read(&settings, spec, ENGINE_CRIO);
    assert_true(settings.has_host_network && settings.has_host_ipc && settings.shares_processes);
    assert_false(settings.has_host_pid);
    assert_true(settings.is_privileged && settings.has_terminal && settings.has_stdin);
    assert_true(settings.has_read_only_root && settings.has_no_new_privileges);
    assert_true(settings.drops_capabilities);
    assert_int_equal(json_array_size(settings.kept_capabilities), 1);
    assert_int_equal(json_array_size(settings.further_capabilities), 1);
    assert_string_equal(json_string_value(json_array_get(settings.further_capabilities, 0)),
                        "SYS_ADMIN");
    assert_int_equal(settings.user_id, 1000);
    assert_int_equal(settings.group_id, 2000);
    assert_int_equal(settings.grace_period_s, 45);
    assert_int_equal(settings.memory_limit_bytes, 1048576);
    assert_int_equal(settings.cpu_limit_millicores, 1500);
    /* The API server takes no request above the limit. */
    assert_int_equal(settings.cpu_request_millicores, 1500);
    assert_string_equal(settings.selinux_label, "l");
    assert_null(settings.apparmor_profile);
    pod_settings_done(&settings);
    json_decref(spec);
}

/* Numbers that no engine writes count as none. */
static void test_hostile(void **state)
{
    static const char *const specs[] = {
        "{}",
        "{\"linux\":[],\"process\":{\"user\":{\"uid\":-1,\"gid\":\"0\"}}}",
        "{\"linux\":{\"resources\":{\"memory\":{\"limit\":-1},\"cpu\":{\"shares\":"
        "9223372036854775807,\"quota\":9223372036854775807,\"period\":1}}}}",
        "{\"linux\":{\"resources\":{\"memory\":{\"limit\":9223372036854775807},\"cpu\":{\"quota\":"
        "-1,\"period\":-9223372036854775808}}},\"process\":{\"user\":{\"uid\":4294967295}}}",
        "{\"annotations\":{\"io.kubernetes.pod.terminationGracePeriod\":\"99999999999999999999\"}}",
        "{\"annotations\":{\"io.kubernetes.pod.terminationGracePeriod\":\"1e3\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        json_t *spec = load(specs[i]);
        struct pod_settings settings = {0};

        pod_settings_read(&settings, spec, ENGINE_CONTAINERD);
        assert_int_equal(settings.user_id, 0);
        assert_int_equal(settings.group_id, 0);
        assert_int_equal(settings.memory_limit_bytes, 0);
        assert_int_equal(settings.cpu_limit_millicores, 0);
        assert_int_equal(settings.cpu_request_millicores, 0);
        assert_int_equal(settings.grace_period_s, 0);
        assert_false(settings.is_privileged);
        pod_settings_done(&settings);
        json_decref(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary),
        cmocka_unit_test(test_further),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
