// SPDX-License-Identifier: Apache-2.0
/* What containers-registries.conf(5) says of one image name, in a [[registry]] table. Pure. */
#ifndef CKPTOCI_REGISTRY_REGISTRIES_RULE_H
#define CKPTOCI_REGISTRY_REGISTRIES_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/reference.h"

/* Zeroed: there is no such table. */
struct registries_rule {
    char *prefix;
    char *location; /* what stands for the prefix when images are read; NULL: the prefix itself */
    char *file;     /* that has the table, for messages */
    size_t matched_len; /* bytes of the name that the prefix stands for */
    bool insecure;      /* as --tls-verify=false */
    bool blocked;
};

void registries_rule_done(struct registries_rule *rule);

/* How much of "host[:port][/path][:tag][@digest]" the prefix stands for, in bytes; 0: it is of
 * other images. A prefix is a name's beginning up to a separator, or "*.domain" for all hosts below
 * that. */
size_t registries_prefix_match(const char *prefix, const char *name);

/* Where an image is read from: the reference, with the location for the prefix. A push goes where
 * the user says. -1: the location cannot be right; *place is then unchanged. */
int registries_rule_locate(struct reference *place, const struct registries_rule *rule,
                           const struct reference *reference, struct error *error);

#endif
