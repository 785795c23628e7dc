// SPDX-License-Identifier: Apache-2.0
/*
 * What a command is to look at, as the user writes it: a checkpoint archive or an image.
 *
 *     -                                  an archive on standard input
 *     docker://..., oci:..., oci-archive:...   an image, see transport/destination.h
 *     a file that is there, or what can only be a path   an archive
 *     anything else                      an image in a registry, as docker and podman write it
 */
#ifndef CKPTOCI_TRANSPORT_SUBJECT_H
#define CKPTOCI_TRANSPORT_SUBJECT_H

#include <stdbool.h>

#include "base/error.h"
#include "transport/destination.h"

enum subject_kind {
    SUBJECT_ARCHIVE,
    SUBJECT_IMAGE,
};

struct subject {
    enum subject_kind kind;
    const char *path;         /* of an archive, borrowed; "-": standard input */
    struct destination image; /* of an image */
};

/* -1: ERROR_USAGE, it is neither; *subject is then unchanged. `text` must outlive the subject. */
int subject_parse(struct subject *subject, const char *text, struct error *error);
void subject_done(struct subject *subject);

/* For messages: the path, or the image's name in full. */
const char *subject_name(const struct subject *subject);

#endif
