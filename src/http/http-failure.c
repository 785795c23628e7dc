// SPDX-License-Identifier: Apache-2.0
#include "http/http-failure.h"

#include <string.h>

const char *http_reason(CURLcode code, const char *message)
{
    static const char quoting[] = "Unsupported proxy"; /* and then its URL, with the password */

    if (strncmp(message, quoting, sizeof quoting - 1) == 0)
        return "the proxy's URL is not understood";
    return *message ? message : curl_easy_strerror(code);
}

int http_advise_tls(CURLcode code, const char *url, const struct http_advice *advice,
                    struct error *error)
{
    if (strncmp(url, "http:", 5) == 0)
        return error_advice(error, "%s", advice->plain_http);
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_advice(error, "%s", advice->untrusted);
    case CURLE_SSL_CONNECT_ERROR:
        return error_advice(error, "%s", advice->handshake);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return error_advice(error, "%s", advice->files);
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
