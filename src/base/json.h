// SPDX-License-Identifier: Apache-2.0
/*
 * What jansson leaves to its callers: a member and its type in one call, and an error in words.
 * `object` may be NULL or no object, which then has no members. A const char * that is returned
 * belongs to the object.
 */
#ifndef CKPTOCI_BASE_JSON_H
#define CKPTOCI_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Parses an object or array; a key that is there twice is an error. A new reference; NULL: *error
 * is "REASON in line N" of kind ERROR_FAILED, to which the caller adds what is no JSON. The reason
 * quotes the text, so this is not for secrets. `bytes` may be NULL if `len` is 0, and `error` if
 * the reason does not matter.
 */
json_t *json_parse(const char *bytes, size_t len, struct error *error);

/* The member, a string. NULL: it is missing or no string. */
const char *json_get_text(const json_t *object, const char *key);
/* The same, but NULL for an empty string too. */
const char *json_get_nonempty(const json_t *object, const char *key);
/* A copy of what json_get_nonempty() returns; free() it. */
char *json_copy_nonempty(const json_t *object, const char *key);
/* Whether the member is this string. */
bool json_text_is(const json_t *object, const char *key, const char *text);
/* The member, an integer. 0: it is missing or no integer. */
json_int_t json_get_integer(const json_t *object, const char *key);
/* Whether the member is the boolean true. */
bool json_get_bool(const json_t *object, const char *key);

/* Leaves the object as it is if `text` is NULL or not UTF-8. */
void json_set_text(json_t *object, const char *key, const char *text);

#endif
