// SPDX-License-Identifier: Apache-2.0
#include "yaml/yaml-reader.h"

#include <stdbool.h>
#include <string.h>

#include <yaml.h>

#include "base/memory.h"

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
