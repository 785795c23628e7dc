// SPDX-License-Identifier: Apache-2.0
/* Requests that may be answered from another place (RFC 9110, section 15.4). */
#ifndef CKPTOCI_REGISTRY_REDIRECT_H
#define CKPTOCI_REGISTRY_REDIRECT_H

#include "base/error.h"
#include "http/http.h"

enum { REDIRECTS_MAX = 5 };

/*
 * As http_send(), but goes where a redirect points: GET and HEAD always, others for 307 and 308,
 * which keep method and body. The authorization stays behind as soon as scheme, host or port
 * change. -1 also: too many redirects, or a spent body that cannot be sent again.
 */
int redirect_send(struct http *http, const struct http_request *request, struct error *error);

#endif
