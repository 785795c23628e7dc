// SPDX-License-Identifier: Apache-2.0
/* The header lines of a request, for curl. */
#ifndef CKPTOCI_HTTP_HEADERS_H
#define CKPTOCI_HTTP_HEADERS_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "http/http.h"

/* Owned by the caller. */
struct curl_slist *headers_new(const struct http_request *request, bool expect_continue);
/* They hold secrets: overwritten first. */
void headers_free(struct curl_slist *headers);
DEFINE_CLEANUP(struct curl_slist *, headers_free);

#endif
