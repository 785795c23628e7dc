// SPDX-License-Identifier: Apache-2.0
/*
 * Manifests that a copy has read to find out what it has to move, until it comes to them:
 * registries count how often they are asked. Embedded in the job; its main thread only.
 */
#ifndef CKPTOCI_TASK_COPY_MANIFESTS_H
#define CKPTOCI_TASK_COPY_MANIFESTS_H

#include <stddef.h>

#include "oci/manifest.h"

enum { COPY_MANIFESTS_MAX_BYTES = 16 << 20 }; /* what is beyond is read again */

struct copy_manifests {
    struct kept_manifest *list;
    size_t count, bytes;
};

/* Takes the manifest. `reference`: what the source was asked for; NULL: for its own image. */
void copy_manifests_keep(struct copy_manifests *manifests, const char *reference,
                         struct manifest *manifest);
/* Hands over the one that is kept; NULL: none is. */
struct manifest *copy_manifests_take(struct copy_manifests *manifests, const char *reference);
void copy_manifests_done(struct copy_manifests *manifests);

#endif
