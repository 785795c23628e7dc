// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/shape.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"

/* A structure of which nothing is known: no engine looks into it. */
static const struct shape unknown = {.data = ""};

/* Whether the whole word is among the names. */
static bool is_data(const struct shape *shape, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = shape->data; *at; at += strspn(at, " ")) {
        size_t word_len = strcspn(at, " ");

        if (word_len == len && memcmp(at, name, len) == 0)
            return true;
        at += word_len;
    }
    return false;
}

/* The name that becomes `folded` when it is folded, too; NULL: none does. *len: its length. */
static const char *find_folded(const struct shape *shape, const char *folded, size_t *len)
{
    *len = strlen(folded);
    for (int i = 0; shape->fields[i].name; i++)
        if (strcasecmp(shape->fields[i].name, folded) == 0)
            return shape->fields[i].name;
    for (const char *at = shape->data; *at; at += strspn(at, " ")) {
        size_t word_len = strcspn(at, " ");

        if (word_len == *len && strncasecmp(at, folded, word_len) == 0)
            return at;
        at += word_len;
    }
    return NULL;
}

/* Go folds as Unicode does; names of fields are ASCII, and these are what folds to a letter of
 * them: go/src/encoding/json/fold.go. The caller's. */
static char *fold(const char *key)
{
    char *folded = xstrdup(key), *to = folded;

    for (const char *from = key; *from; to++) {
        if (strncmp(from, "\u017f", strlen("\u017f")) == 0) {
            *to = 's';
            from += strlen("\u017f");
        } else if (strncmp(from, "\u212a", strlen("\u212a")) == 0) {
            *to = 'k';
            from += strlen("\u212a");
        } else {
            *to = *from;
            if (*from >= 'A' && *from <= 'Z')
                *to = "abcdefghijklmnopqrstuvwxyz"[*from - 'A'];
            from++;
        }
    }
    *to = '\0';
    return folded;
}

/* 2^63: an integer that does not fit is a real, too. */
static bool has_fraction(const json_t *value)
{
    return json_is_real(value) && fabs(json_real_value(value)) < 0x1p63;
}

/* What a container is started with: lists of any text. */
static bool is_command(const char *key)
{
    static const char *const keys[] = {"args", "env", "entrypoint", "command", "CreateCommand"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* In C a text ends with a NUL; in Go "/a\0/../../b" is a path that becomes "/../b" when it is
 * cleaned. */
static int check_data(const char *key, const json_t *value, struct error *error)
{
    const json_t *element;
    size_t i;

    if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
        return error_set(error, ERROR_ARCHIVE, "\"%s\" is a text with a NUL in it", key);
    if (has_fraction(value))
        return error_set(error, ERROR_ARCHIVE,
                         "\"%s\" is a number with a fraction or an exponent, not an integer", key);
    json_array_foreach(value, i, element)
    {
        if (!is_command(key) && check_data(key, element, error) < 0)
            return -1;
    }
    return 0;
}

/* Where nothing is known of a value, all objects in it are such. */
static int check_unknown(json_t *json, struct error *error)
{
    json_t *value;
    size_t i;

    if (json_is_object(json))
        return shape_check(json, SHAPE_STRUCT, &unknown, error);
    json_array_foreach(json, i, value)
    {
        if (check_unknown(value, error) < 0)
            return -1;
    }
    return 0;
}

static int check_field(const struct shape *shape, const char *key, const char *folded,
                       json_t *value, struct error *error)
{
    const char *name;
    size_t len;

    for (int i = 0; shape->fields[i].name; i++) {
        if (strcmp(shape->fields[i].name, key) != 0)
            continue;
        if (shape_check(value, shape->fields[i].kind, shape->fields[i].shape, error) == 0)
            return 0;
        return error_context(error, "%s", key);
    }
    if (is_data(shape, key))
        return check_data(key, value, error);
    if ((name = find_folded(shape, folded, &len)))
        return error_set(error, ERROR_ARCHIVE,
                         "the key \"%s\" is nearly \"%.*s\", and engines take it for that", key,
                         (int)len, name);
    return check_unknown(value, error);
}

static int check_struct(json_t *object, const struct shape *shape, struct error *error)
{
    cleanup(json_decrefp) json_t *seen = json_object();
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        cleanup_free char *folded = fold(key);

        if (json_object_get(seen, folded))
            return error_set(error, ERROR_ARCHIVE,
                             "the key \"%s\" is there twice, in upper and lower case", key);
        json_object_set_new_nocheck(seen, folded, json_true());
        if (check_field(shape, key, folded, value, error) < 0)
            return -1;
    }
    return 0;
}

static int check_list(json_t *list, const struct shape *shape, struct error *error)
{
    json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
    {
        if (shape_check(value, SHAPE_STRUCT, shape, error) < 0)
            return -1;
    }
    return 0;
}

/* Annotations of anybody may be any text; those are the kubelet's and CRI-O's own. */
static bool is_engine_annotation(const char *key)
{
    return strncmp(key, "io.kubernetes.", strlen("io.kubernetes.")) == 0;
}

static int check_map(json_t *map, const struct shape *shape, struct error *error)
{
    const char *key;
    json_t *value;

    json_object_foreach(map, key, value)
    {
        if (shape && shape_check(value, SHAPE_STRUCT, shape, error) < 0)
            return error_context(error, "%s", key);
        if (!shape && is_engine_annotation(key) && check_data(key, value, error) < 0)
            return -1;
    }
    return 0;
}

int shape_check(json_t *json, enum shape_kind kind, const struct shape *shape, struct error *error)
{
    if (!json || json_is_null(json))
        return 0;
    if (kind == SHAPE_LIST)
        return json_is_array(json) ? check_list(json, shape, error)
                                   : error_set(error, ERROR_ARCHIVE, "it is no list");
    if (!json_is_object(json))
        return error_set(error, ERROR_ARCHIVE, "it is no object");
    return kind == SHAPE_MAP ? check_map(json, shape, error) : check_struct(json, shape, error);
}
