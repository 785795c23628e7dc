// SPDX-License-Identifier: Apache-2.0
/* One index for the images of a pod's containers (image-spec, image-index.md). */
#ifndef CKPTOCI_TASK_POD_INDEX_H
#define CKPTOCI_TASK_POD_INDEX_H

#include "task/container-checkpoint.h"

/* Makes the index of the images that the containers have at destination number `destination`, and
 * gives it the name of outcome->destination; fills in the rest of *outcome but its error. -1: also
 * if one of the images is not there. */
int pod_index_put(const struct container_checkpoint_result *result, unsigned destination,
                  const struct registry_options *registry, struct cancel *cancel,
                  struct index_outcome *outcome, struct error *error);

#endif
