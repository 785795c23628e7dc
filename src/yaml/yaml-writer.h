// SPDX-License-Identifier: Apache-2.0
/* Values as YAML, for people and for what reads it as YAML 1.1 or 1.2. Pure: no I/O. */
#ifndef CKPTOCI_YAML_YAML_WRITER_H
#define CKPTOCI_YAML_YAML_WRITER_H

#include <jansson.h>

/*
 * One document without its "---" mark, members in the order of the object; free() it. A string that
 * some reader could take for a number, a date, a boolean or null is quoted, and all beyond
 * printable ASCII is escaped.
 */
char *yaml_from_json(json_t *value);

#endif
