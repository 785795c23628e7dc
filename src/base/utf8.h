// SPDX-License-Identifier: Apache-2.0
/* UTF-8, and text from outside as JSON strings: these must be valid UTF-8, the bytes of a path, a
 * header or an argument may be anything. */
#ifndef CKPTOCI_BASE_UTF8_H
#define CKPTOCI_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* The length of the character that `text`, of at least one byte, begins with, and its code point.
 * 0: none that RFC 3629 allows. */
size_t utf8_decode(const char *text, size_t len, uint32_t *code);

/* A new string; each byte that is no part of valid UTF-8, and NUL, becomes U+FFFD. */
json_t *utf8_string(const char *bytes, size_t len);
/* The same of a text that ends with a NUL. */
json_t *utf8_text(const char *text);
/* Sets a member to the text, if there is any. */
void utf8_set(json_t *object, const char *key, const char *text);

#endif
