// SPDX-License-Identifier: Apache-2.0
/*
 * What one file of containers-registries.conf(5) says, once it is JSON: its [[registry]] tables or,
 * in the format of version 1, its lists. Whatever would be without effect, or have another one than
 * meant, refuses the file, as it does for other tools that read it. Pure.
 */
#ifndef CKPTOCI_REGISTRY_REGISTRIES_TABLE_H
#define CKPTOCI_REGISTRY_REGISTRIES_TABLE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Adds the rules of the document to `rules`, an object with the prefixes as keys, in the place of
 * those that have the same prefix; of two in one file the first counts. A rule has "file", which is
 * `path`; "location", if there is one; "insecure" and "blocked", if true; and "mirrors", an array
 * of objects with "location", "insecure", "digest-only" and "tag-only". `is_drop_in`: version 1 is
 * not taken there.
 */
int registries_table_add(json_t *rules, const json_t *document, const char *path, bool is_drop_in,
                         struct error *error);

#endif
