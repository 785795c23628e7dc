// SPDX-License-Identifier: Apache-2.0
/* What a tag in the registry stands for (distribution-spec, "Pulling manifests", "Pulling blobs").
 */
#ifndef CKPTOCI_REGISTRY_LOOK_UP_H
#define CKPTOCI_REGISTRY_LOOK_UP_H

#include "base/error.h"
#include "oci/held-image.h"
#include "registry/client.h"

/* 1: *held, complete, and its layer is there with the right size. 0: the registry does not tell, or
 * it is no image of ours. -1: no answer at all. */
int look_up_image(struct client *client, const char *tag, struct held_image *held,
                  struct error *error);

#endif
