// SPDX-License-Identifier: Apache-2.0
/*
 * The destinations of a run, each with a target, and a thread of its own while there is something
 * to do. The main thread drives all of them at once:
 *
 *     deliveries_open(group)                      // waits: each is open, or has failed
 *     ... deliveries_held(), deliveries_settle() ...
 *     deliveries_send(group, pipeline, size)      // before pipeline_start()
 *     ... the pipeline runs ...
 *     deliveries_finish(group, image)             // waits: each has published, or has failed
 *     deliveries_free(group)
 *
 * A delivery that fails leaves its error in its struct delivery. With all_or_nothing the first one
 * that fails calls all others off. They wait until all have staged the image, and then publish one
 * after the other, so that an error can name those that have published already.
 */
#ifndef CKPTOCI_CONVERT_DELIVERY_H
#define CKPTOCI_CONVERT_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cancel.h"
#include "base/progress.h"
#include "convert/convert.h"
#include "oci/image.h"
#include "stream/pipeline.h"

struct deliveries;

/* `results` has an element for each of options->destinations, with that set. All is borrowed. */
struct deliveries *deliveries_new(const struct convert_options *options, struct delivery *results,
                                  struct progress *progress, struct cancel *cancel);
/* Takes back what was not published. */
void deliveries_free(struct deliveries *group);
DEFINE_CLEANUP(struct deliveries *, deliveries_free);

/* look_up: also finds out what the destinations hold, for deliveries_held(). */
void deliveries_open(struct deliveries *group, bool look_up);
/* The image that destination `index` has; NULL: it has failed, or that is not known. */
const struct held_image *deliveries_held(const struct deliveries *group, unsigned index);
/* Whether everybody on the way could read what is sent to destination `index`. */
bool deliveries_in_clear(const struct deliveries *group, unsigned index);
/* There is nothing to do for destination `index`: it has that manifest already. */
void deliveries_settle(struct deliveries *group, unsigned index, const struct digest *manifest);
/* How many have something to do. */
unsigned deliveries_left(const struct deliveries *group);

/* `layer_size` in bytes, -1 where only the end will tell. */
void deliveries_send(struct deliveries *group, struct pipeline *pipeline, int64_t layer_size);
/* Whether the pipeline was stopped because nobody was left who wanted the layer. */
bool deliveries_abandoned(struct deliveries *group);
/* NULL: there is no image, because the archive was refused. */
void deliveries_finish(struct deliveries *group, const struct image *image);

/* Whether each destination takes a layer of `layer_size` bytes. 0, or -1: refused. */
int deliveries_check_size(struct findings *findings, const struct convert_options *options,
                          uint64_t layer_size, struct error *error);

#endif
