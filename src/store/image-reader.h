// SPDX-License-Identifier: Apache-2.0
/* What the archive's target asks of the room's reader. */
#ifndef CKPTOCI_STORE_IMAGE_READER_H
#define CKPTOCI_STORE_IMAGE_READER_H

#include <jansson.h>

#include "base/error.h"

/* *index: a new reference to index.json of the OCI archive at `path`. -1: it cannot be read, or is
 * none. */
int oci_archive_read_index(const char *path, json_t **index, struct error *error);

#endif
