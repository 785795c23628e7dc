// SPDX-License-Identifier: Apache-2.0
/* What becomes of the archive's bytes on their way to the layer. A plain value; decided once, from
 * the options and the archive's first bytes. */
#ifndef CKPTOCI_CONVERT_LAYER_PLAN_H
#define CKPTOCI_CONVERT_LAYER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "convert/convert.h"
#include "stream/codec.h"
#include "stream/input.h"

enum { LAYER_ENCODING_SIZE = 32 };

struct layer_plan {
    const char *media_type;
    const struct codec *codec;
    int level;
    bool adapts; /* the level, to the destinations' speed */
    enum compression archive_compression;
    bool passthrough; /* the archive is compressed and becomes the layer as it is */
    char encoding[LAYER_ENCODING_SIZE]; /* for image_parts */
    int64_t archive_size;               /* bytes, uncompressed; -1 where only the end will tell */
    int64_t layer_size;                 /* the same */
};

/* Makes the input give uncompressed bytes where they are to be compressed in another way. -1:
 * ERROR_USAGE. */
int layer_plan_make(struct layer_plan *plan, const struct convert_options *options,
                    struct input *input, struct error *error);

#endif
