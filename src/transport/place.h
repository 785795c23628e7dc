// SPDX-License-Identifier: Apache-2.0
/*
 * Where a path ends and a tag begins in "oci:PATH[:TAG]" and "oci-archive:PATH[:TAG]", when either
 * may have colons of its own, as every name has that the kubelet makes. Pure.
 *
 *     PATH::TAG, PATH::     the last double colon decides, whatever is around it
 *     FILE.tar:TAG          a tar's name in front of a colon is the path
 *     FILE.tar              a text that ends as a tar's name is a path, with all of its colons
 *     PATH:HOST/NAME:TAG    a full name is found as skopeo finds it, at the first colon
 *     PATH:TAG              else at the one colon there is
 *
 * A colon that would cut a time, a digest, a port or a URL in two does not count. Where two colons
 * are left the text says two things, and is refused.
 */
#ifndef CKPTOCI_TRANSPORT_PLACE_H
#define CKPTOCI_TRANSPORT_PLACE_H

#include "base/error.h"

struct place {
    char *path;
    char *tag; /* NULL: none is named */
};

/* -1: ERROR_USAGE, the advice is how to write it; `transport`, as in "oci:", is for that. *place is
 * then unchanged. */
int place_parse(struct place *place, const char *transport, const char *text, struct error *error);
void place_done(struct place *place);

/* "PATH", "PATH:TAG" or, where that would be read otherwise, with the double colon; free() it. */
char *place_format(const char *path, const char *tag);

#endif
