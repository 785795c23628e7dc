// SPDX-License-Identifier: Apache-2.0
/*
 * containers-registries.conf(5): settings for registries and parts of them, for all tools that know
 * the file. Of a [[registry]] table prefix, location, insecure and blocked are used; mirrors are
 * for reading only and not used, short names are Docker Hub's.
 */
#ifndef CKPTOCI_REGISTRY_REGISTRIES_CONF_H
#define CKPTOCI_REGISTRY_REGISTRIES_CONF_H

#include "base/error.h"
#include "registry/registries-rule.h"

enum {
    REGISTRIES_CONF_MAX_BYTES = 1 << 20,
    REGISTRIES_CONF_MAX_FILES = 1000, /* in one drop-in directory */
};

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
