// SPDX-License-Identifier: Apache-2.0
/*
 * The image that a destination's name stands for already, as far as it matters to a run that would
 * put an image there: is it one of this program's, and how was its layer made? Filled in from the
 * received documents, one after the other; a plain value of its owner's thread.
 *
 *     held_image_read_manifest(&held, bytes, len)    // then the config's descriptor is known
 *     held_image_read_config(&held, bytes, len)
 *     held_image_done(&held)
 */
#ifndef CKPTOCI_OCI_HELD_IMAGE_H
#define CKPTOCI_OCI_HELD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "oci/image.h"

enum { HELD_CONFIG_MAX_BYTES = 64 << 10 }; /* ours are far below 1 KiB */

/* Zero-initialised. */
struct held_image {
    struct descriptor manifest, config, layer;
    char *layer_type; /* layer.media_type */
    char *comment;    /* of the config's history */
};

/* The manifest as it was received. False: it is not of an image of ours; *held is then unchanged.
 */
bool held_image_read_manifest(struct held_image *held, const void *bytes, size_t len);
/* The config that the manifest has named. False: not the one it has named, or none of ours. */
bool held_image_read_config(struct held_image *held, const void *bytes, size_t len);
void held_image_done(struct held_image *held);

/*
 * Whether the layer is of that media type and was made with that encoding from an archive of that
 * many bytes, uncompressed; -1 where they are not known. True does not say that it is the same
 * archive.
 */
bool held_image_is_made_like(const struct held_image *held, const char *media_type,
                             const char *encoding, int64_t archive_size);

#endif
