// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <string.h>

#include "base/memory.h"

json_t *json_parse(const char *bytes, size_t len, struct error *error)
{
    json_error_t reason;
    json_t *json = json_loadb(bytes ? bytes : "", len, JSON_REJECT_DUPLICATES, &reason);

    if (!json && error)
        error_set(error, ERROR_FAILED, "%s in line %d", reason.text, reason.line);
    return json;
}

const char *json_get_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
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
        json_object_set_new(object, key, json_string(text));
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
