// SPDX-License-Identifier: Apache-2.0
/* Text of an archive as JSON strings: they must be UTF-8, it need not. */
#ifndef CKPTOCI_INSPECT_REPORT_TEXT_H
#define CKPTOCI_INSPECT_REPORT_TEXT_H

#include <stddef.h>

#include <jansson.h>

/* A new string; each byte that is no part of valid UTF-8, and NUL, becomes U+FFFD. */
json_t *report_text(const char *bytes, size_t len);
/* Sets a member to the text, if there is any. */
void report_set_text(json_t *object, const char *key, const char *text);

#endif
