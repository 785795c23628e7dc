// SPDX-License-Identifier: Apache-2.0
/* Text of an archive as JSON strings, which must be valid UTF-8; what an archive says need not be. */
#ifndef CKPTOCI_INSPECT_TEXT_H
#define CKPTOCI_INSPECT_TEXT_H

#include <stddef.h>

#include <jansson.h>

/* A new string; each byte that is no part of valid UTF-8, and NUL, becomes U+FFFD. */
json_t *text_to_json(const char *bytes, size_t len);
/* Sets a member to the text, if there is any. */
void text_set(json_t *object, const char *key, const char *text);

#endif
