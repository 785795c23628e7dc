// SPDX-License-Identifier: Apache-2.0
#include "registry-files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "registry/tls-files.h"

static const char domain[] = "registry.example:5000";

/* Some certificate in PEM form. */
static char *make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;
    long len;

    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    len = BIO_get_mem_data(bio, &text);
    copy = xstrndup(text, (size_t)len);
    BIO_free(bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return copy;
}

static void assert_error(const char *directory, const char *word)
{
    cleanup(tls_settings_done) struct tls_settings files;
    struct error error;

    tls_settings_init(&files);
    assert_int_equal(tls_files_find(&files, directory, domain, &error), -1);
    if (!strstr(error.text, word))
        fail_msg("%s: no word of %s", error.text, word);
}

static void test_no_directory_for_the_host_is_fine(void **state)
{
    cleanup(tls_settings_done) struct tls_settings files;
    struct error error;

    (void)state;
    tls_settings_init(&files);
    assert_int_equal(tls_files_find(&files, NULL, domain, &error), 0);
    assert_int_equal(files.cas.len, 0);
    assert_null(files.certificate);
}

static void test_collects_every_ca_and_the_first_pair(void **state)
{
    cleanup(tls_settings_done) struct tls_settings files;
    cleanup_free char *pem = make_certificate();
    cleanup_free char *key_1 = write_file(state, "certs/1.key", "");
    cleanup_free char *pair_1 = write_file(state, "certs/1.cert", "");
    cleanup_free char *directory = xasprintf("%s/certs", (const char *)*state);
    struct error error;
    const char *second;

    put_file(state, "certs/a.crt", pem);
    put_file(state, "certs/b.crt", pem);
    put_file(state, "certs/2.key", "");
    put_file(state, "certs/2.cert", "");
    put_file(state, "certs/README", "not a certificate");
    tls_settings_init(&files);
    assert_int_equal(tls_files_find(&files, directory, domain, &error), 0);
    assert_string_equal(files.certificate, pair_1);
    assert_string_equal(files.key, key_1);
    second = strstr(files.cas.data, "-----BEGIN CERTIFICATE-----");
    assert_non_null(second);
    assert_non_null(strstr(second + 1, "-----BEGIN CERTIFICATE-----"));
}

static void test_searches_the_users_certs_d_by_host_and_port(void **state)
{
    cleanup(tls_settings_done) struct tls_settings files;
    cleanup_free char *pem = make_certificate();
    struct error error;

    put_file(state, ".config/containers/certs.d/registry.example/ca.crt", "wrong");
    put_file(state, ".config/containers/certs.d/registry.example:5000/ca.crt", pem);
    tls_settings_init(&files);
    assert_int_equal(tls_files_find(&files, NULL, domain, &error), 0);
    assert_true(files.cas.len > 0);
}

static void test_a_named_directory_must_be_there(void **state)
{
    (void)state;
    assert_error("/nonexistent", "--cert-dir");
}

static void test_refuses_a_ca_that_is_no_certificate(void **state)
{
    cleanup_free char *file = write_file(state, "certs/ca.crt", "-----BEGIN CERTIFICATE-----\nx\n");
    cleanup_free char *directory = xasprintf("%s/certs", (const char *)*state);

    assert_error(directory, file);
}

static void test_refuses_a_certificate_without_its_key(void **state)
{
    cleanup_free char *directory = xasprintf("%s/certs", (const char *)*state);

    put_file(state, "certs/client.cert", "");
    assert_error(directory, "client.key");
}

static void test_refuses_cas_over_the_limit(void **state)
{
    cleanup_free char *pem = make_certificate();
    cleanup_free char *content = xasprintf("%s%*s", pem, TLS_CAS_MAX_BYTES - (int)strlen(pem), "");
    cleanup_free char *directory = xasprintf("%s/certs", (const char *)*state);
    cleanup_free char *large = NULL;

    put_file(state, "certs/a.crt", pem);
    large = write_file(state, "certs/b.crt", content);
    assert_error(directory, large);
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_home, tear_down_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(test_no_directory_for_the_host_is_fine),
        HOME_TEST(test_collects_every_ca_and_the_first_pair),
        HOME_TEST(test_searches_the_users_certs_d_by_host_and_port),
        HOME_TEST(test_a_named_directory_must_be_there),
        HOME_TEST(test_refuses_a_ca_that_is_no_certificate),
        HOME_TEST(test_refuses_a_certificate_without_its_key),
        HOME_TEST(test_refuses_cas_over_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
