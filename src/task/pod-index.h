// SPDX-License-Identifier: Apache-2.0
/* One index for the images of a pod's containers (image-spec, image-index.md). */
#ifndef CKPTOCI_TASK_POD_INDEX_H
#define CKPTOCI_TASK_POD_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "oci/image.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "transport/destination.h"

/* All borrowed. */
struct pod_index_part {
    const struct image *image;
    json_t *annotations; /* of its manifest */
};

/*
 * Each image with its platform and all of its annotations. The index itself gets only those that
 * tell of the pod: an engine is not to take it for a checkpoint. Deterministic.
 */
int pod_index_build(struct manifest **index, const struct pod_index_part *parts, size_t count,
                    struct error *error);

/* Gives it the destination's name; its images must be there. *already_there: the name stood for it
 * before. */
int pod_index_put(const struct destination *destination, const struct manifest *index,
                  const struct registry_options *registry, struct cancel *cancel,
                  bool *already_there, struct error *error);

#endif
