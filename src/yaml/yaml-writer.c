// SPDX-License-Identifier: Apache-2.0
#include "yaml/yaml-writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/memory.h"
#include "base/text.h"

enum { PLAIN_MAX_LEN = 256, NUMBER_SIZE = 32 };

struct text {
    char *data;
    size_t len;
};

static int append(void *context, unsigned char *data, size_t len)
{
    struct text *text = context;

    text->data = xreallocarray(text->data, text->len + len + 1, 1);
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
    return 1;
}

/* The emitter fails for want of memory, and for events in a wrong order. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    if (made && yaml_emitter_emit(emitter, event))
        return;
    fprintf(stderr, "ckptoci: cannot write YAML\n");
    abort();
}

/* Words that YAML 1.1 takes for booleans or null, and numbers that begin with no digit. */
static bool is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"y",  "n",   "yes",  "no",  "true", "false",
                                        "on", "off", "null", "nan", "inf"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool may_be_plain(const char *text)
{
    return strlen(text) <= PLAIN_MAX_LEN && !is_word_of_yaml(text) &&
           pattern_matches("^[A-Za-z/]([A-Za-z0-9 _./@:-]*[A-Za-z0-9_./-])?$", text) &&
           !strstr(text, ": ");
}

static void emit_text(yaml_emitter_t *emitter, const char *text, size_t len, bool plain)
{
    yaml_event_t event;

    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)len, 1, 1,
                                      plain ? YAML_PLAIN_SCALAR_STYLE
                                            : YAML_DOUBLE_QUOTED_SCALAR_STYLE));
}

static void emit_string(yaml_emitter_t *emitter, const char *text, size_t len)
{
    emit_text(emitter, text, len, strlen(text) == len && may_be_plain(text));
}

static void emit_scalar(yaml_emitter_t *emitter, const json_t *value)
{
    char number[NUMBER_SIZE];

    if (json_is_string(value)) {
        emit_string(emitter, json_string_value(value), json_string_length(value));
        return;
    }
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof number, "%.17g", json_real_value(value));
    else
        snprintf(number, sizeof number, "%s",
                 json_is_true(value)    ? "true"
                 : json_is_false(value) ? "false"
                                        : "null");
    emit_text(emitter, number, strlen(number), true);
}

static void emit_value(yaml_emitter_t *emitter, json_t *value);

static void emit_object(yaml_emitter_t *emitter, json_t *object)
{
    yaml_event_t event;
    const char *key;
    json_t *value;

    emit(emitter, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    json_object_foreach(object, key, value)
    {
        emit_string(emitter, key, strlen(key));
        emit_value(emitter, value);
    }
    emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static void emit_array(yaml_emitter_t *emitter, json_t *array)
{
    yaml_event_t event;
    json_t *value;
    size_t i;

    emit(emitter, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    json_array_foreach(array, i, value)
    {
        emit_value(emitter, value);
    }
    emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static void emit_value(yaml_emitter_t *emitter, json_t *value)
{
    if (json_is_object(value))
        emit_object(emitter, value);
    else if (json_is_array(value))
        emit_array(emitter, value);
    else
        emit_scalar(emitter, value);
}

char *yaml_from_json(json_t *value)
{
    struct text text = {0};
    yaml_emitter_t emitter;
    yaml_event_t event;

    if (!yaml_emitter_initialize(&emitter))
        abort();
    yaml_emitter_set_output(&emitter, append, &text);
    yaml_emitter_set_width(&emitter, -1);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_value(&emitter, value);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&emitter);
    return text.data;
}
