// SPDX-License-Identifier: Apache-2.0
#include "registry-files.h"

#include "kubelet/kubeconfig.h"

#define CONFIG(cluster, user)                                                                \
    "current-context: here\n"                                                                \
    "contexts: [{name: other, context: {}}, {name: here, context: {cluster: c, user: u}}]\n" \
    "clusters: [{name: c, cluster: {" cluster "}}]\n"                                        \
    "users: [{name: u, user: {" user "}}]\n"
#define SERVER "server: 'https://api.example:6443/'"

static int read_config(void **state, struct access *access, const char *text, struct error *error)
{
    cleanup_free char *path = write_file(state, "kube/config", text);

    tls_settings_init(&access->tls);
    access->tls_verify = true;
    return kubeconfig_read(access, path, KUBECONFIG_ALL, NULL, error);
}

static void assert_holds(const struct buffer *buffer, const char *text)
{
    assert_int_equal(buffer->len, strlen(text));
    assert_memory_equal(buffer->data, text, buffer->len);
}

static void assert_fails(void **state, const char *config, const char *word)
{
    cleanup(access_done) struct access access = {0};
    struct error error;

    if (read_config(state, &access, config, &error) == 0)
        fail_msg("taken: %s", config);
    if (!strstr(error.text, word))
        fail_msg("%s: no word of %s", error.text, word);
    assert_null(strstr(error.text, "s3cret"));
}

static void test_data_and_a_proxy(void **state)
{
    cleanup(access_done) struct access access = {0};
    struct error error;

    if (read_config(state, &access,
                    CONFIG(SERVER ", certificate-authority-data: Q0E=, proxy-url: http://p:1",
                           "client-certificate-data: Q0VSVA==, client-key-data: S0VZ"),
                    &error))
        fail_msg("%s", error.text);
    assert_string_equal(access.server, "https://api.example:6443");
    assert_string_equal(access.proxy, "http://p:1");
    assert_true(access.tls_verify);
    assert_true(access.tls.only_cas);
    assert_holds(&access.tls.cas, "CA");
    assert_holds(&access.tls.certificate_pem, "CERT");
    assert_holds(&access.tls.key_pem, "KEY");
    assert_null(access.token);
    assert_non_null(strstr(access.source, "user \"u\" of "));
}

static void test_files_are_relative_to_it(void **state)
{
    cleanup(access_done) struct access access = {0};
    struct error error;

    put_file(state, "kube/ca.crt", "CA");
    put_file(state, "secrets/token", " s3cret\n");
    if (read_config(state, &access,
                    CONFIG(SERVER ", certificate-authority: ca.crt, tls-server-name: kubernetes",
                           "tokenFile: ../secrets/token"),
                    &error))
        fail_msg("%s", error.text);
    assert_holds(&access.tls.cas, "CA");
    assert_string_equal(access.token, "s3cret");
    assert_string_equal(access.server, "https://kubernetes:6443");
    assert_string_equal(access.connect_to, "api.example:6443");
}

#define EXEC(more) \
    "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, " more "}"

static void test_a_plugin_may_give_a_certificate(void **state)
{
    cleanup(access_done) struct access access = {0};
    struct error error;

    put_program(state, "kube/plugin",
                "echo '{\"kind\":\"ExecCredential\",\"status\":{\"clientCertificateData\":"
                "\"CERT\",\"clientKeyData\":\"s3cret\"}}'");
    if (read_config(state, &access, CONFIG(SERVER, EXEC("")), &error))
        fail_msg("%s", error.text);
    assert_holds(&access.tls.certificate_pem, "CERT");
    assert_holds(&access.tls.key_pem, "s3cret");
}

static void test_plugins_that_fail(void **state)
{
    put_program(state, "kube/plugin", "echo '{\"token\":\"s3cret\"}'; exit 3");
    assert_fails(state, CONFIG(SERVER, EXEC("installHint: 'get it from the cloud'")),
                 "it ended with status 3; get it from the cloud");
    put_program(state, "kube/plugin", "echo '{\"token\":\"s3cret\"}'");
    assert_fails(state, CONFIG(SERVER, EXEC("")), "is no ExecCredential");
    put_program(state, "kube/plugin", "echo '{\"kind\":\"ExecCredential\",\"status\":{}}'");
    assert_fails(state, CONFIG(SERVER, EXEC("")), "neither a token nor a certificate");
    put_program(state, "kube/plugin", "exit 0");
    assert_fails(state, CONFIG(SERVER, EXEC("")), "is no ExecCredential");
    assert_fails(state, CONFIG(SERVER, EXEC("interactiveMode: Always")), "wants a terminal");
    assert_fails(state, CONFIG(SERVER, EXEC("provideClusterInfo: true")), "not supported");
    assert_fails(state, CONFIG(SERVER, "exec: {command: x}"), "apiVersion");
}

static void test_what_is_wrong_is_named(void **state)
{
    assert_fails(state, "a: [", "line 2: ");
    assert_fails(state, "{}", "kubectl config use-context");
    assert_fails(state, "current-context: nope\ncontexts: []\n", "there is no context \"nope\"");
    assert_fails(state, CONFIG("", "token: s3cret"), "the cluster has no server");
    assert_fails(state, CONFIG("server: 'http://api.example'", ""), "begin with https://");
    assert_fails(state, CONFIG("server: 'https://api.example/?a=b'", ""), "query");
    assert_fails(state, CONFIG(SERVER ", certificate-authority: nope.crt", ""), "no file");
    assert_fails(state, CONFIG(SERVER, "token: 's3cret word'"), "token: it has more than one word");
    assert_fails(state, CONFIG(SERVER, "client-certificate-data: Q0VSVA=="), "go together");
    assert_fails(state, CONFIG(SERVER, "client-key-data: s3cret!"), "not base64");
    assert_fails(state, CONFIG(SERVER, "as: admin, token: s3cret"), "\"as\" is not supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_data_and_a_proxy, set_up_home, tear_down_home),
        cmocka_unit_test_setup_teardown(test_files_are_relative_to_it, set_up_home, tear_down_home),
        cmocka_unit_test_setup_teardown(test_a_plugin_may_give_a_certificate, set_up_home,
                                        tear_down_home),
        cmocka_unit_test_setup_teardown(test_plugins_that_fail, set_up_home, tear_down_home),
        cmocka_unit_test_setup_teardown(test_what_is_wrong_is_named, set_up_home, tear_down_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
