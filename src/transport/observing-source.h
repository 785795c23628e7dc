// SPDX-License-Identifier: Apache-2.0
/*
 * Sources that pass on the bytes of another one unchanged: they note what passes, check it against
 * a descriptor, or look at the first bytes for the compression.
 */
#ifndef CKPTOCI_TRANSPORT_OBSERVING_SOURCE_H
#define CKPTOCI_TRANSPORT_OBSERVING_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cancel.h"
#include "oci/digest.h"
#include "oci/image-source.h"
#include "oci/image.h"
#include "stream/codec.h"
#include "stream/source.h"

/* Zero-initialised by the owner, which must outlive the source. */
struct observation {
    bool complete;        /* the end has been given, and the digest is filled in */
    struct digest digest; /* SHA-256 */
    uint64_t size;        /* bytes so far */
    bool failed;          /* the observed source has failed, or was cancelled */
    struct error error;   /* then: why */
};

/* Owns `inner`. `cancel`, which may be NULL, ends it. What has come for the first time is added to
 * *counter, which may be NULL. */
struct source *observing_source_new(struct source *inner, struct observation *observation,
                                    _Atomic int64_t *counter, const struct cancel *cancel);

/* The same for bytes that must be those of a descriptor: ends with ERROR_ARCHIVE if size or digest
 * differ. Only the end tells that the bytes were right. Can be sought in, back only, if `inner`
 * can; bytes that are given again are not checked again. */
struct source *verifying_source_new(struct source *inner, const struct descriptor *descriptor,
                                    _Atomic int64_t *counter);

/* Whether such a source has given an error. */
bool verifying_source_failed(const struct source *source);

/* All of a small blob, checked, with a NUL behind; free() it. -1 also if it has more than `max`
 * bytes. */
int verifying_source_read_blob(struct image_source *images, const struct descriptor *descriptor,
                               size_t max, char **bytes, struct error *error);

/* *found is the compression by the first bytes; *whole gives all the bytes of `inner`, and owns it.
 * Blocks until the first bytes are there. -1: the error of `inner`, which is freed. */
int compression_probe(struct source *inner, enum compression *found, struct source **whole,
                      struct error *error);

#endif
