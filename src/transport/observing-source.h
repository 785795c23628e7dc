// SPDX-License-Identifier: Apache-2.0
/* The bytes of another source, unchanged: what is seen of them is noted, and may be checked. */
#ifndef CKPTOCI_TRANSPORT_OBSERVING_SOURCE_H
#define CKPTOCI_TRANSPORT_OBSERVING_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cancel.h"
#include "oci/digest.h"
#include "oci/image-source.h"
#include "oci/image.h"
#include "stream/source.h"

/* Zero-initialised by the owner, which must outlive the source. */
struct observation {
    bool complete;        /* the end has been given, and the digest is filled in */
    struct digest digest; /* SHA-256 */
    uint64_t size;        /* bytes so far */
    bool failed;          /* the source that is observed has; or cancelled */
    struct error error;   /* then: why */
};

/* Owns `inner`. `cancel`, which may be NULL, ends it. What has come for the first time is added to
 * *counter, which may be NULL. */
struct source *observing_source_new(struct source *inner, struct observation *observation,
                                    _Atomic int64_t *counter, const struct cancel *cancel);

/* The same for bytes that must be those of a descriptor: ends with ERROR_ARCHIVE where size or
 * digest are others. Only the end tells that the bytes were right. Goes back where `inner` can;
 * what is given again is not checked again. */
struct source *verifying_source_new(struct source *inner, const struct descriptor *descriptor,
                                    _Atomic int64_t *counter);

/* A small blob, all of it and checked, with a NUL behind; free() it. -1: also for one of more than
 * `max` bytes. */
int verifying_source_read_blob(struct image_source *images, const struct descriptor *descriptor,
                               size_t max, char **bytes, struct error *error);

#endif
