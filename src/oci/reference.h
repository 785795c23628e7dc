// SPDX-License-Identifier: Apache-2.0
/*
 * The name of an image in a registry, "[host[:port]/]path[:tag][@digest]", as docker, podman and
 * crane read it (distribution's reference grammar, with Docker Hub's short names).
 */
#ifndef CKPTOCI_OCI_REFERENCE_H
#define CKPTOCI_OCI_REFERENCE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

struct reference {
    char *domain; /* host[:port] as the user knows it; "docker.io" for Docker Hub */
    char *host;   /* host[:port] requests go to; "registry-1.docker.io" for Docker Hub */
    char *path;   /* repository, "library/" added for one-component Hub names */
    char *tag;    /* "latest" where neither tag nor digest was given; else NULL if not given */
    char *digest; /* NULL if not given */
};

/* -1: ERROR_USAGE, the text quotes the rule that was broken; *reference is then unchanged. */
int reference_parse(struct reference *reference, const char *text, struct error *error);
/* The same for the names of others, an archive's say: the digest may also be one of SHA-384 or
 * SHA-512, which is of no use here but right. */
int reference_parse_any_digest(struct reference *reference, const char *text, struct error *error);
/* Whether the text is such a name. */
bool reference_is_valid(const char *text);
/* Whether it says which registry it is of, instead of leaving that to the reader's settings. */
bool reference_names_registry(const char *text);
/* The 64 digits of "sha256:..." or of the digits alone, by which engines know an image that they
 * have; borrowed. NULL: the text is no such id. */
const char *reference_image_id(const char *text);
void reference_copy(struct reference *copy, const struct reference *reference);
void reference_done(struct reference *reference);
/* "domain/path:tag" or "domain/path@digest", for messages; free() it. */
char *reference_format(const struct reference *reference);

#endif
