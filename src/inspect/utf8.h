// SPDX-License-Identifier: Apache-2.0
/* What an archive says as JSON strings: these must be valid UTF-8, the bytes may be anything. */
#ifndef CKPTOCI_INSPECT_UTF8_H
#define CKPTOCI_INSPECT_UTF8_H

#include <stddef.h>

#include <jansson.h>

/* A new string; each byte that is no part of valid UTF-8, and NUL, becomes U+FFFD. */
json_t *utf8_string(const char *bytes, size_t len);
/* Sets a member to the text, if there is any. */
void utf8_set(json_t *object, const char *key, const char *text);

#endif
