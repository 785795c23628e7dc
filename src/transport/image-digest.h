// SPDX-License-Identifier: Apache-2.0
/* What an image's name stands for now, and no more. */
#ifndef CKPTOCI_TRANSPORT_IMAGE_DIGEST_H
#define CKPTOCI_TRANSPORT_IMAGE_DIGEST_H

#include "base/cancel.h"
#include "base/error.h"
#include "oci/digest.h"
#include "registry/registry.h"

/* Asks the place that has it. `image` is a reference as destination_parse_source() takes it. -1
 * also where nothing is there. */
int image_digest(const char *image, const struct registry_options *options, struct cancel *cancel,
                 struct digest *digest, struct error *error);

#endif
