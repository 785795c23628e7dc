// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

enum { DELETE = 0x7f }; /* a control character that jansson leaves as it is */

static json_t *load(const char *bytes, size_t len, size_t flags, struct error *error)
{
    json_error_t reason;
    json_t *json = json_loadb(bytes ? bytes : "", len, JSON_REJECT_DUPLICATES | flags, &reason);

    if (!json && error)
        error_set(error, ERROR_FAILED, "%s in line %d", reason.text, reason.line);
    return json;
}

json_t *json_parse(const char *bytes, size_t len, struct error *error)
{
    return load(bytes, len, 0, error);
}

/*
 * A look over the text before jansson builds a tree of it: how much of a tree that will be, and
 * which integers jansson cannot hold. Whether it is JSON at all is left to jansson: of any other
 * text the counts do not matter.
 */
struct scan {
    char *text; /* with a NUL behind it */
    size_t len, at;
    size_t depth, values_left;
};

static void skip_string(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->len && scan->text[scan->at] != '"')
        scan->at += scan->text[scan->at] == '\\' ? 2 : 1;
    scan->at++;
}

/* jansson refuses an integer that does not fit, and takes a real of that size: 18446744073709551615
 * becomes 184467440737095516e2, which is as long. */
static void skip_number(struct scan *scan)
{
    enum { FITS_ALWAYS = 18 }; /* digits, of 63 bits */
    char *number = scan->text + scan->at, *digits = number + (*number == '-');
    size_t digit_count = strspn(digits, "0123456789");

    scan->at += strspn(number, "+-.eE0123456789");
    if (digit_count <= FITS_ALWAYS || digits + digit_count != scan->text + scan->at)
        return;
    errno = 0;
    strtoll(number, NULL, 10);
    if (errno == ERANGE) {
        digits[digit_count - 2] = 'e';
        digits[digit_count - 1] = '2';
    }
}

/* -1: the tree would be too large. */
static int scan_text(struct scan *scan, struct error *error)
{
    while (scan->at < scan->len) {
        char c = scan->text[scan->at];

        if (c == ']' || c == '}')
            scan->depth -= scan->depth > 0;
        /* jansson passes over one that is behind a number. */
        if (c == '\0')
            return error_set(error, ERROR_FAILED, "not valid JSON: there is a NUL between values");
        if (strchr(" \t\r\n,:]}", c)) {
            scan->at++;
            continue;
        }
        if (scan->values_left-- == 0)
            return error_set(error, ERROR_FAILED, "too large: it has more than %d values",
                             JSON_GO_MAX_VALUES);
        if (c == '"')
            skip_string(scan);
        else if (strchr("-0123456789", c))
            skip_number(scan);
        else if (c != '[' && c != '{')
            scan->at += strcspn(scan->text + scan->at, " \t\r\n,:]}[{\"");
        else if (scan->at++, ++scan->depth > JSON_GO_MAX_DEPTH)
            return error_set(error, ERROR_FAILED, "nested more than %d deep", JSON_GO_MAX_DEPTH);
    }
    return 0;
}

json_t *json_parse_go(const char *bytes, size_t len, size_t *values_left, struct error *error)
{
    cleanup(buffer_done) struct buffer copy = {0};
    struct scan scan = {.len = len, .values_left = *values_left};
    json_t *json;

    buffer_init(&copy, len);
    buffer_append(&copy, bytes ? bytes : "", len);
    scan.text = copy.data;
    *values_left = 0;
    if (scan_text(&scan, error) < 0)
        return NULL;
    *values_left = scan.values_left;
    json = load(copy.data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
    if (!json)
        error_context(error, "not valid JSON");
    return json;
}

const char *json_text(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

const char *json_get_text(const json_t *object, const char *key)
{
    return json_text(json_object_get(object, key));
}

const char *json_get_nonempty(const json_t *object, const char *key)
{
    const char *text = json_get_text(object, key);

    return text && *text ? text : NULL;
}

char *json_copy_nonempty(const json_t *object, const char *key)
{
    const char *text = json_get_nonempty(object, key);

    return text ? xstrdup(text) : NULL;
}

bool json_text_is(const json_t *object, const char *key, const char *text)
{
    const char *value = json_get_text(object, key);

    return value && strcmp(value, text) == 0;
}

json_int_t json_get_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

bool json_get_bool(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

void json_set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, utf8_text(text));
}

char *json_show(const json_t *json, size_t flags)
{
    cleanup_free char *text = json_dumps(json, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6) | flags);
    size_t extra = 0;
    char *shown, *to;

    for (const char *c = text; c && *c; c++)
        extra += *c == DELETE ? sizeof "\\u007f" - 2 : 0;
    shown = to = xcalloc((text ? strlen(text) : sizeof "null") + extra + 1, 1);
    if (!text)
        strcpy(shown, "null");
    for (const char *c = text; c && *c; c++)
        if (*c == DELETE)
            to = stpcpy(to, "\\u007f");
        else
            *to++ = *c;
    return shown;
}

void json_set_true(json_t *object, const char *key, bool value)
{
    if (value)
        json_object_set_new(object, key, json_true());
}

void json_set_filled(json_t *object, const char *key, json_t *value)
{
    if (json_object_size(value) || json_array_size(value))
        json_object_set(object, key, value);
    json_decref(value);
}
