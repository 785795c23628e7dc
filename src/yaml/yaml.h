// SPDX-License-Identifier: Apache-2.0
/* YAML from and to JSON values, by libyaml. Pure: no I/O. */
#ifndef CKPTOCI_YAML_YAML_H
#define CKPTOCI_YAML_YAML_H

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

enum {
    YAML_MAX_DEPTH = 32,
    YAML_MAX_NODES = 100000, /* counting those again that aliases repeat */
};

/*
 * *document: the first document of the text, the caller's. Every scalar is a string, except true,
 * false and null without quotes. The text may be secret: copies that were made on the way are
 * overwritten. -1: it is not YAML, has a key twice or a key that is no scalar, is too deep or too
 * large; the error names the line and quotes nothing.
 */
int yaml_read(json_t **document, const char *text, size_t len, struct error *error);

/*
 * One document without its "---" mark, members in the order of the object, for readers of YAML 1.1
 * and 1.2; free() it. A string that some reader could take for a number, a date, a boolean or null
 * is quoted, and everything but printable ASCII is escaped.
 */
char *yaml_from_json(json_t *value);

#endif
