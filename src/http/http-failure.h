// SPDX-License-Identifier: Apache-2.0
/* What became of a transfer that failed, and what to do about it. */
#ifndef CKPTOCI_HTTP_FAILURE_H
#define CKPTOCI_HTTP_FAILURE_H

#include <curl/curl.h>

#include "base/error.h"
#include "http/http.h"

/* Why it failed, as curl says it, of which `message` is the longer text or empty; without secrets.
 */
const char *http_reason(CURLcode code, const char *message);
/* Where TLS, which was to be verified, is the reason: adds what may help. Always -1. */
int http_advise_tls(CURLcode code, const char *url, const struct http_advice *advice,
                    struct error *error);
enum http_failure http_classify(CURL *easy, CURLcode code);

#endif
