// SPDX-License-Identifier: Apache-2.0
#include "registry/redirect.h"

#include <stdbool.h>
#include <string.h>

#include "http/url.h"

static bool is_redirect(int status, const char *method)
{
    if (status == 307 || status == 308)
        return true;
    return (status == 301 || status == 302 || status == 303) &&
           (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
}

int redirect_send(struct http *http, const struct http_request *request, struct error *error)
{
    struct http_request hop = *request;
    cleanup_free char *url = NULL, *origin = NULL;

    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        int status = http_send(http, &hop, error);
        const char *location = status > 0 ? http_header(http, "Location", 0) : NULL;
        char *next;

        if (!location || !is_redirect(status, request->method))
            return status;
        if (url_resolve(&next, http_url(http), location, error))
            return error_context(error, "follow a redirect");
        free(url);
        hop.url = url = next;
        if (!url_same_origin(http_url(http), url))
            hop.authorization = NULL;
        if (request->body && body_rewind(request->body, error))
            return -1;
    }
    origin = url_origin(request->url);
    return error_set(error, ERROR_FAILED, "%s: more than %d redirects", origin, REDIRECTS_MAX);
}
