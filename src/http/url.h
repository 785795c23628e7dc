// SPDX-License-Identifier: Apache-2.0
/* URLs as servers give them, by curl's URL parser. Pure; results go to free(). */
#ifndef CKPTOCI_HTTP_URL_H
#define CKPTOCI_HTTP_URL_H

#include <stdbool.h>

#include "base/error.h"

enum { URL_MAX_LEN = 16 << 10 }; /* Locations carry an upload's whole state */

/*
 * Where a Location or a realm points, seen from the URL `base` that was asked (RFC 3986, section
 * 5): absolute, relative, "//host/path", and also "host/path" without a scheme. The query is kept
 * as it is. http with the host and port that were asked by https is meant to be https. -1: no http
 * or https URL, one with a user name, or too long; *url is then unchanged.
 */
int url_resolve(char **url, const char *base, const char *location, struct error *error);

/* `url` with name=value behind what its query already has, encoded. -1: no URL. */
int url_add_query(char **result, const char *url, const char *name, const char *value,
                  struct error *error);

/* *renamed: the URL with another host; *address: "HOST:PORT" of the one it had. free() both. */
int url_replace_host(char **renamed, char **address, const char *url, const char *host,
                     struct error *error);

/* The host, IPv6 addresses in brackets, and the port, which may be the scheme's own; free() both.
 */
int url_find_host(char **host, char **port, const char *url);

/* The text as a value in a form or a query. May be secret: secret_free() it. */
char *url_encode(const char *text);

/* Whether scheme, host and port are the same, so that credentials for one may go to the other. */
bool url_same_origin(const char *a, const char *b);

/* "scheme://host[:port]", for messages: paths and queries may hold secrets. */
char *url_origin(const char *url);

#endif
