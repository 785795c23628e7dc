// SPDX-License-Identifier: Apache-2.0
/* Reads the manifest and config of an image as those of a checkpoint: one layer, and annotations.
 */
#ifndef CKPTOCI_TRANSPORT_CHECKPOINT_IMAGE_H
#define CKPTOCI_TRANSPORT_CHECKPOINT_IMAGE_H

#include "base/error.h"
#include "oci/image-source.h"
#include "stream/codec.h"
#include "transport/destination.h"

/* The image that the source was made for; of an index, the one for the platform (os NULL: this
 * machine's, or the only one there is). -1: none. */
int checkpoint_image_resolve(struct image_source *source, const struct destination *place,
                             const struct platform *platform, struct manifest **manifest,
                             struct error *error);

/* Which part of an index that is: *part. -1: none is for the platform. */
int checkpoint_image_choose(const struct manifest *index, const struct platform *platform,
                            size_t *part, struct error *error);

/* -1: ERROR_ARCHIVE, it is another kind of image, and the text says what it is. */
int checkpoint_image_check(const struct manifest *manifest, struct error *error);

/* The compression that the layer's media type names. -1: ERROR_ARCHIVE, it is no tar. */
int checkpoint_image_compression(const struct descriptor *layer, enum compression *compression,
                                 struct error *error);

/* The diff_id of the only layer, from a config; that may be NULL. */
int checkpoint_image_diff_id(const json_t *config, struct digest *diff_id, struct error *error);

#endif
