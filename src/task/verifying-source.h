// SPDX-License-Identifier: Apache-2.0
/* The bytes of another source, which must be those that a descriptor tells of. */
#ifndef CKPTOCI_TASK_VERIFYING_SOURCE_H
#define CKPTOCI_TASK_VERIFYING_SOURCE_H

#include <stdint.h>

#include "oci/image-source.h"
#include "oci/image.h"
#include "stream/source.h"

/* Owns `inner`. Ends with ERROR_ARCHIVE where size or digest are others: only the end tells that
 * the bytes were right. Goes back where `inner` can; what is given again is not checked again. Adds
 * what has come for the first time to *counter, which may be NULL. */
struct source *verifying_source_new(struct source *inner, const struct descriptor *descriptor,
                                    _Atomic int64_t *counter);

/* A small blob, all of it and checked, with a NUL behind; free() it. -1: also for one of more than
 * `max` bytes. */
int verifying_source_read_blob(struct image_source *images, const struct descriptor *descriptor,
                               size_t max, char **bytes, struct error *error);

#endif
