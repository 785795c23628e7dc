// SPDX-License-Identifier: Apache-2.0
#include "http/http-tls.h"

#include <stdlib.h>

static void must(CURLcode code)
{
    if (code)
        abort();
}

#define SET(easy, option, value) must(curl_easy_setopt(easy, option, value))

static void set_blob(CURL *easy, CURLoption option, const struct buffer *bytes)
{
    struct curl_blob blob = {bytes->data, bytes->len, CURL_BLOB_NOCOPY};

    if (bytes->len)
        SET(easy, option, &blob);
}

static void set_trust(CURL *easy, const struct tls_settings *tls)
{
    if (tls->only_cas) {
        SET(easy, CURLOPT_CAINFO, NULL);
        SET(easy, CURLOPT_CAPATH, NULL);
        return;
    }
    if (tls->system_ca_file)
        SET(easy, CURLOPT_CAINFO, tls->system_ca_file);
    if (tls->system_ca_directory)
        SET(easy, CURLOPT_CAPATH, tls->system_ca_directory);
}

void http_set_tls(CURL *easy, const struct tls_settings *tls, bool verify, const struct buffer *cas)
{
    SET(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    set_trust(easy, tls);
    set_blob(easy, CURLOPT_CAINFO_BLOB, cas);
    if (tls->certificate) {
        SET(easy, CURLOPT_SSLCERT, tls->certificate);
        SET(easy, CURLOPT_SSLKEY, tls->key);
    }
    set_blob(easy, CURLOPT_SSLCERT_BLOB, &tls->certificate_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, &tls->key_pem);
}
