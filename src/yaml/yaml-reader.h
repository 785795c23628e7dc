// SPDX-License-Identifier: Apache-2.0
/* A YAML document as JSON values, by libyaml. Pure: no I/O. */
#ifndef CKPTOCI_YAML_YAML_READER_H
#define CKPTOCI_YAML_YAML_READER_H

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

enum {
    YAML_MAX_DEPTH = 32,
    YAML_MAX_NODES = 100000, /* with what aliases repeat */
};

/*
 * *document: the first document of the text, the caller's. Every scalar is a string but true, false
 * and null, where they stand without quotes. The text may be secret: what was copied of it on the
 * way is overwritten. -1: not YAML, a key twice or one that is no scalar, too deep or too much; the
 * error names the line and quotes nothing.
 */
int yaml_read(json_t **document, const char *text, size_t len, struct error *error);

#endif
