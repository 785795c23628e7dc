// SPDX-License-Identifier: Apache-2.0
/* The Link header (RFC 8288, section 3): where the next page of a list is. Pure. */
#ifndef CKPTOCI_REGISTRY_LINK_H
#define CKPTOCI_REGISTRY_LINK_H

#include "base/error.h"

/* *target: of the first link in the header whose relation is "next", as it stands there; free() it.
 * NULL: there is none. -1: the header is no list of links, so that nobody knows whether it names a
 * next page. */
int link_find_next(const char *header, char **target, struct error *error);

#endif
