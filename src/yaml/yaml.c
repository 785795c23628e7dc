// SPDX-License-Identifier: Apache-2.0
#include "yaml/yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/memory.h"
#include "base/text.h"

enum { PLAIN_MAX_LEN = 256, NUMBER_SIZE = 32 };

struct reading {
    yaml_document_t *document;
    size_t nodes; /* that have been visited */
};

static json_t *read_node(struct reading *reading, const yaml_node_t *node, int depth,
                         struct error *error);

static void *fail(const yaml_node_t *node, const char *what, struct error *error)
{
    error_set(error, ERROR_FAILED, "line %zu: %s", node->start_mark.line + 1, what);
    return NULL;
}

static json_t *read_scalar(const yaml_node_t *node, struct error *error)
{
    const char *text = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;
    json_t *string;

    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
            return json_boolean(*text == 't');
        if (len == 0 || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
            return json_null();
    }
    if (strlen(text) != len)
        return fail(node, "a NUL in a text", error);
    string = json_stringn(text, len);
    return string ? string : fail(node, "not valid UTF-8", error);
}

static json_t *read_sequence(struct reading *reading, const yaml_node_t *node, int depth,
                             struct error *error)
{
    cleanup(json_decrefp) json_t *array = json_array();

    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const yaml_node_t *value = yaml_document_get_node(reading->document, *item);
        json_t *json = read_node(reading, value, depth + 1, error);

        if (!json)
            return NULL;
        json_array_append_new(array, json);
    }
    return steal(array);
}

static json_t *read_mapping(struct reading *reading, const yaml_node_t *node, int depth,
                            struct error *error)
{
    cleanup(json_decrefp) json_t *object = json_object();

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(reading->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(reading->document, pair->value);
        const char *name = (const char *)key->data.scalar.value;
        json_t *json;

        if (key->type != YAML_SCALAR_NODE || strlen(name) != key->data.scalar.length)
            return fail(key, "a key that is no text", error);
        if (json_object_get(object, name))
            return fail(key, "the same key a second time", error);
        json = read_node(reading, value, depth + 1, error);
        if (!json)
            return NULL;
        if (json_object_set_new(object, name, json))
            return fail(key, "not valid UTF-8", error);
    }
    return steal(object);
}

static json_t *read_node(struct reading *reading, const yaml_node_t *node, int depth,
                         struct error *error)
{
    if (depth > YAML_MAX_DEPTH)
        return fail(node, "nested too deeply", error);
    if (++reading->nodes > YAML_MAX_NODES)
        return fail(node, "too many values", error);
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return read_scalar(node, error);
    case YAML_SEQUENCE_NODE:
        return read_sequence(reading, node, depth, error);
    case YAML_MAPPING_NODE:
        return read_mapping(reading, node, depth, error);
    case YAML_NO_NODE:
        break;
    }
    return fail(node, "not understood", error);
}

static void wipe(yaml_document_t *document)
{
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++)
        if (node->type == YAML_SCALAR_NODE)
            explicit_bzero(node->data.scalar.value, node->data.scalar.length);
    yaml_document_delete(document);
}

static int read_document(json_t **result, yaml_document_t *document, struct error *error)
{
    struct reading reading = {.document = document};
    const yaml_node_t *root = yaml_document_get_root_node(document);
    json_t *json = root ? read_node(&reading, root, 0, error) : json_null();

    if (!json)
        return -1;
    *result = json;
    return 0;
}

int yaml_read(json_t **result, const char *text, size_t len, struct error *error)
{
    yaml_parser_t parser;
    yaml_document_t document;
    int status;

    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (yaml_parser_load(&parser, &document)) {
        status = read_document(result, &document, error);
        wipe(&document);
    } else {
        status = error_set(error, ERROR_FAILED, "line %zu: %s", parser.problem_mark.line + 1,
                           parser.problem ? parser.problem : "not YAML");
    }
    yaml_parser_delete(&parser);
    return status;
}

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

/* The emitter fails only without memory, or for events in a wrong order. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    if (made && yaml_emitter_emit(emitter, event))
        return;
    fprintf(stderr, "ckptoci: cannot write YAML\n");
    abort();
}

/* Words that YAML 1.1 reads as booleans or null, and numbers that do not begin with a digit. */
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
