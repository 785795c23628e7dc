// SPDX-License-Identifier: Apache-2.0
/*
 * What jansson leaves to its callers: members of a type in one call, and a parse error in words.
 * To the json_get functions and json_text_is(), what is NULL or no object is one without members;
 * the text that they return belongs to the object.
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

enum {
    JSON_GO_MAX_DEPTH = 200,      /* Go itself takes 10000; real documents have some ten */
    JSON_GO_MAX_VALUES = 1 << 18, /* keys included; up to 240 bytes of memory each */
};

/*
 * Parses what programs in Go have written and are to read, as encoding/json there does: any value
 * may be the whole of it, a string may have a NUL in it, and an integer that needs more than 63
 * bits becomes a real. What Go would read as something else (no UTF-8, half a surrogate pair) or
 * not at all, and a key that is there twice, is an error of kind ERROR_FAILED; its text goes behind
 * "DOCUMENT is ". `*values_left`, first JSON_GO_MAX_VALUES, is lowered by what the document has of
 * them, so that it can bound several.
 */
json_t *json_parse_go(const char *bytes, size_t len, size_t *values_left, struct error *error);

/* NULL: it is no string, or has a NUL in it. */
const char *json_text(const json_t *value);
/* The text of the member. */
const char *json_get_text(const json_t *object, const char *key);
/* The same, but NULL if the string is empty, too. */
const char *json_get_nonempty(const json_t *object, const char *key);
/* A copy of what json_get_nonempty() returns; free() it. */
char *json_copy_nonempty(const json_t *object, const char *key);
/* Whether the member is this string. */
bool json_text_is(const json_t *object, const char *key, const char *text);
/* The value of the member; 0: it is missing or no integer. */
json_int_t json_get_integer(const json_t *object, const char *key);
/* Whether the member is the boolean true. */
bool json_get_bool(const json_t *object, const char *key);

/* The text as utf8_text() has it. Leaves the object as it is if `text` is NULL. */
void json_set_text(json_t *object, const char *key, const char *text);
/* Sets the member to true if `value` is; a member that is not set stands for false. */
void json_set_true(json_t *object, const char *key, bool value);
/* Takes `value`, and sets the member to it if it is an array or object that is not empty. */
void json_set_filled(json_t *object, const char *key, json_t *value);

/* The value as text of ASCII alone, in which nothing can drive a terminal: what could is \u and its
 * code. `flags` are jansson's, such as JSON_INDENT(2). free() it. */
char *json_show(const json_t *json, size_t flags);

#endif
