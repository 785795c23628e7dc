// SPDX-License-Identifier: Apache-2.0
/* The bytes of another source, unchanged, with their SHA-256 taken as they pass. */
#ifndef CKPTOCI_TASK_HASHING_SOURCE_H
#define CKPTOCI_TASK_HASHING_SOURCE_H

#include <stdint.h>

#include "oci/digest.h"
#include "stream/source.h"

/* Owns `inner`. When the end has been given, *digest and *size (bytes) are filled in; they belong
 * to the caller and must outlive the source. */
struct source *hashing_source_new(struct source *inner, struct digest *digest, uint64_t *size);

#endif
