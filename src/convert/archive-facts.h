// SPDX-License-Identifier: Apache-2.0
/*
 * What one read of an archive has told, and what follows from it for the image. Embedded in its
 * owner, zero-initialised.
 *
 *     facts = {.content = {.findings = ..., .stored_bytes = ...}, .input = ...}
 *     archive_facts_walk(&facts, plan, source, &error)     // the whole archive passes
 *     archive_facts_conclude(&facts, options, &error)
 *     archive_facts_build_image(&facts, plan, &layer, &image, &error)
 *     archive_facts_done(&facts)
 */
#ifndef CKPTOCI_CONVERT_ARCHIVE_FACTS_H
#define CKPTOCI_CONVERT_ARCHIVE_FACTS_H

#include <jansson.h>

#include "convert/convert.h"
#include "convert/layer-plan.h"
#include "oci/image.h"
#include "stream/input.h"
#include "stream/source.h"
#include "transport/archive-content.h"

struct archive_facts {
    const struct input *input;      /* the archive, borrowed */
    struct archive_content content; /* content.archive: the diff_id and the uncompressed size */

    json_t *annotations; /* for the manifest */
    char *created;       /* RFC 3339 */
    char *architecture;  /* NULL: neither the archive nor the user has told */
};

/* Takes the archive, as the plan says it comes, to its end; owns `archive`. -1: it is refused. */
int archive_facts_walk(struct archive_facts *facts, const struct layer_plan *plan,
                       struct source *archive, struct error *error);
int archive_facts_conclude(struct archive_facts *facts, const struct convert_options *options,
                           struct error *error);
/* The image of this archive with that layer. */
int archive_facts_build_image(const struct archive_facts *facts, const struct layer_plan *plan,
                              const struct descriptor *layer, struct image **image,
                              struct error *error);
/* Forgets what was found out, and may be filled in again. */
void archive_facts_done(struct archive_facts *facts);

#endif
