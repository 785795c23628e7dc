// SPDX-License-Identifier: Apache-2.0
#include "http/http-headers.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/memory.h"
#include "http/secret.h"

void headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *item = headers; item; item = item->next)
        OPENSSL_cleanse(item->data, strlen(item->data));
    curl_slist_free_all(headers);
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
    cleanup(secret_freep) char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*headers, line);

    if (!longer)
        abort();
    *headers = longer;
}

struct curl_slist *headers_new(const struct http_request *request, bool expect_continue)
{
    struct curl_slist *headers = NULL;

    if (request->authorization)
        add_header(&headers, "Authorization", request->authorization);
    if (request->accept)
        add_header(&headers, "Accept", request->accept);
    if (request->range_start) {
        cleanup_free char *range = xasprintf("bytes=%" PRIu64 "-", request->range_start);

        add_header(&headers, "Range", range);
    }
    /* Without a value, the one curl would make up is left out. */
    add_header(&headers, "Content-Type", request->content_type ? request->content_type : "");
    if (request->content_range)
        add_header(&headers, "Content-Range", request->content_range);
    if (!expect_continue)
        add_header(&headers, "Expect", "");
    return headers;
}
