// SPDX-License-Identifier: Apache-2.0
#include "registry/http-failure.h"

#include <string.h>

int http_advise_tls(CURLcode code, const char *url, struct error *error)
{
    if (strncmp(url, "http:", 5) == 0)
        return error_advice(error, "the registry names a place without TLS, which only "
                                   "--tls-verify=false allows");
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_advice(error, "give the registry's CA certificate with --cert-dir DIRECTORY, "
                                   "or do without verification with --tls-verify=false");
    case CURLE_SSL_CONNECT_ERROR:
        return error_advice(error,
                            "if the registry speaks plain http, allow that with "
                            "--tls-verify=false; if it wants a client certificate, give one with "
                            "--cert-dir DIRECTORY");
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return error_advice(error, "check the files in --cert-dir or certs.d, and those "
                                   "that $SSL_CERT_FILE and the like name");
    default:
        return -1;
    }
}

enum http_failure http_classify(CURL *easy, CURLcode code)
{
    double connected_s = 0;

    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connected_s);
    if (code == CURLE_OPERATION_TIMEDOUT && connected_s <= 0)
        return HTTP_FAILURE_UNREACHABLE;
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_FAILURE_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
        return HTTP_FAILURE_NO_TLS;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
        return HTTP_FAILURE_BROKEN;
    default:
        return HTTP_FAILURE_OTHER;
    }
}
