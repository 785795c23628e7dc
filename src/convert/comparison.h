// SPDX-License-Identifier: Apache-2.0
/*
 * Running a command again: a destination that holds an image which this run could be about to make
 * is compared with the archive, at the price of one read of it, without compressing or sending
 * anything. The layer's digest is the destination's word, and its diff_id is the archive's.
 */
#ifndef CKPTOCI_CONVERT_COMPARISON_H
#define CKPTOCI_CONVERT_COMPARISON_H

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "convert/archive-facts.h"
#include "convert/delivery.h"
#include "convert/layer-plan.h"
#include "stream/input.h"

/* All borrowed. */
struct comparison {
    struct deliveries *deliveries; /* open */
    const struct convert_options *options;
    const struct layer_plan *plan;
    const struct input *input; /* a file; nothing of it has been read yet */
    struct findings *findings; /* as for archive_facts */
    struct progress *progress;
    struct cancel *cancel;
};

/*
 * Settles the deliveries that have nothing to do. *image is then the image there, with *facts of
 * its archive; NULL, and *facts is empty, if there is none, or if the archive had no need to be
 * read to know that. -1: the archive cannot be read or is refused.
 */
int comparison_run(const struct comparison *comparison, struct archive_facts *facts,
                   struct image **image, struct error *error);

#endif
