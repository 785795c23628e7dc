// SPDX-License-Identifier: Apache-2.0
/* Passwords and tokens: strings that are overwritten before their memory is given back. */
#ifndef CKPTOCI_HTTP_SECRET_H
#define CKPTOCI_HTTP_SECRET_H

#include <stddef.h>

#include <jansson.h>

#include "base/memory.h"

void secret_free(char *text);
DEFINE_CLEANUP(char *, secret_free);

/* Overwrites what the buffer holds and empties it. */
void secret_clear(struct buffer *buffer);

/* Overwrites every string in the document, which nobody else may hold, and releases it. */
void secret_json_free(json_t *json);
DEFINE_CLEANUP(json_t *, secret_json_free);

/* The value of an Authorization header (RFC 7617, section 2). */
char *secret_basic(const char *username, const char *password);
/* The bytes behind base64 text (RFC 4648, section 4), with a NUL that *len does not count. Ends of
 * lines in it do not matter, as they do not to Go. NULL: it is not base64. */
char *secret_base64_decode(const char *text, size_t *len);

#endif
