// SPDX-License-Identifier: Apache-2.0
/* What is known of blobs in a repository (distribution-spec, "Checking if content exists"). */
#ifndef CKPTOCI_REGISTRY_BLOB_H
#define CKPTOCI_REGISTRY_BLOB_H

#include <stdint.h>

#include "base/error.h"
#include "oci/digest.h"
#include "registry/client.h"

enum blob_presence {
    BLOB_ABSENT,
    BLOB_PRESENT,
    BLOB_OTHER_SIZE, /* something is there, but not all of it */
    BLOB_UNSIZED,    /* the registry says it is there but not how large: some say so of anything */
};

/* -1: no answer at all. */
int blob_look_for(struct client *client, const struct digest *digest, uint64_t size,
                  enum blob_presence *presence, struct error *error);

#endif
