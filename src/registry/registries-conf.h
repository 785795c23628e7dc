// SPDX-License-Identifier: Apache-2.0
/*
 * containers-registries.conf(5): settings for registries and parts of them, for all tools that know
 * the file. Of a [[registry]] table prefix, location, insecure, blocked and mirrors are used; short
 * names are Docker Hub's. Built --without-registries-conf, there are no settings.
 */
#ifndef CKPTOCI_REGISTRY_REGISTRIES_CONF_H
#define CKPTOCI_REGISTRY_REGISTRIES_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/reference.h"

enum {
    REGISTRIES_CONF_MAX_BYTES = 1 << 20,
    REGISTRIES_CONF_MAX_FILES = 1000, /* in one drop-in directory */
};

/* Another place of the same images, to read from before the location. */
struct registries_mirror {
    char *location;
    bool insecure;
    bool digest_only, tag_only; /* for images that are named so */
};

/* Zeroed: there is no such table. */
struct registries_rule {
    char *prefix;
    char *location; /* what stands for the prefix when images are read; NULL: the prefix itself */
    char *file;     /* that has the table, for messages */
    size_t matched_len; /* bytes of the name that the prefix stands for */
    bool insecure;      /* as --tls-verify=false */
    bool blocked;
    struct registries_mirror *mirrors;
    size_t mirror_count;
};

void registries_rule_done(struct registries_rule *rule);

/* How much of "host[:port][/path][:tag][@digest]" the prefix stands for, in bytes; 0: it is of
 * other images. A prefix is a name's beginning up to a separator, or "*.domain" for all hosts below
 * that. */
size_t registries_prefix_match(const char *prefix, const char *name);

/* Where an image is read from: the reference, with this location for the prefix (the rule's own, or
 * that of a mirror; NULL: the prefix stays). A push goes where the user says. -1: the location
 * cannot be right; *place is then unchanged. */
int registries_rule_locate(struct reference *place, const struct registries_rule *rule,
                           const char *location, const struct reference *reference,
                           struct error *error);
/* Whether the mirror is for an image of that name. One that is named by no tag and no digest, for
 * all of its tags, is read from where all of them are. */
bool registries_mirror_suits(const struct registries_mirror *mirror,
                             const struct reference *reference);

/*
 * The table with the longest prefix of `name`, "host[:port][/path[:tag][@digest]]". Read anew each
 * time, in this order, where a later table takes the place of one with the same prefix:
 * $CONTAINERS_REGISTRIES_CONF, else ~/.config/containers/registries.conf, else
 * /etc/containers/registries.conf; unless the second of these was taken
 * /etc/containers/registries.conf.d/; ~/.config/containers/registries.conf.d/. None is no error.
 * -1: a file cannot be read or understood; *rule is then unchanged.
 */
int registries_conf_find(struct registries_rule *rule, const char *name, struct error *error);

#endif
