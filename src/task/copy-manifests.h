// SPDX-License-Identifier: Apache-2.0
/*
 * Manifests that a copy has read to find out what it has to move, until it comes to them:
 * registries count how often they are asked. Embedded in the job; its main thread only.
 */
#ifndef CKPTOCI_TASK_COPY_MANIFESTS_H
#define CKPTOCI_TASK_COPY_MANIFESTS_H

#include <stddef.h>

#include "oci/image-source.h"
#include "oci/manifest.h"

enum { COPY_MANIFESTS_MAX_BYTES = 16 << 20 }; /* what is beyond is read again */

struct copy_manifests {
    struct kept_manifest *list;
    size_t count, bytes;
};

/* Takes the manifest. `reference`: what the source was asked for; NULL: for its own image. */
void copy_manifests_keep(struct copy_manifests *manifests, const char *reference,
                         struct manifest *manifest);
/* One that is kept is handed over, any other comes from the source. */
int copy_manifests_get(struct copy_manifests *manifests, struct image_source *source,
                       const char *reference, struct manifest **manifest, struct error *error);
void copy_manifests_done(struct copy_manifests *manifests);

#endif
