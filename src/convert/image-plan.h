// SPDX-License-Identifier: Apache-2.0
/*
 * What the image will be. Its layer is planned once, from the options and the archive's first
 * bytes; all else follows from what one read of the archive tells:
 *
 *     layer_plan_make(&plan, options, input, &error)
 *     facts = {.content = {.findings = ..., .stored_bytes = ...}, .input = ...}
 *     archive_facts_walk(&facts, &plan, source, &error)     // the whole archive passes
 *     archive_facts_conclude(&facts, options, &error)
 *     archive_facts_build_image(&facts, &plan, &layer, &image, &error)
 *     archive_facts_done(&facts)
 */
#ifndef CKPTOCI_CONVERT_IMAGE_PLAN_H
#define CKPTOCI_CONVERT_IMAGE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "convert/convert.h"
#include "oci/image.h"
#include "stream/codec.h"
#include "stream/input.h"
#include "stream/source.h"
#include "transport/reading.h"

enum { LAYER_ENCODING_SIZE = 32 };

/* A plain value. */
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

/* If the archive is to be compressed in another way, makes the input give uncompressed bytes. -1:
 * ERROR_USAGE. */
int layer_plan_make(struct layer_plan *plan, const struct convert_options *options,
                    struct input *input, struct error *error);

/* Embedded in its owner, zero-initialised. */
struct archive_facts {
    const struct input *input;      /* the archive, borrowed */
    struct archive_content content; /* content.archive: the diff_id and the uncompressed size */

    json_t *annotations; /* for the manifest */
    char *created;       /* RFC 3339 */
    char *architecture;  /* NULL: neither the archive nor the user has told */
};

/* Reads `archive`, which it owns, to its end. By the plan it knows whether the bytes are
 * compressed. -1: it is refused. */
int archive_facts_walk(struct archive_facts *facts, const struct layer_plan *plan,
                       struct source *archive, struct error *error);
/* After the walk: checks what the archive says, and makes the annotations. -1: it is refused. */
int archive_facts_conclude(struct archive_facts *facts, const struct convert_options *options,
                           struct error *error);
/* The image of this archive with that layer. */
int archive_facts_build_image(const struct archive_facts *facts, const struct layer_plan *plan,
                              const struct descriptor *layer, struct image **image,
                              struct error *error);
/* Afterwards the facts may be filled in again. */
void archive_facts_done(struct archive_facts *facts);

#endif
