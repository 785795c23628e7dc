// SPDX-License-Identifier: Apache-2.0
/*
 * The one way to open a checkpoint archive, or the layer of an image of one, to read it:
 *
 *     struct reading reading = {.subject = ..., .content.findings = ...};
 *     reading_open(&reading, &error)               // the file, or the image's documents and layer
 *     reading_walk(&reading, &visitor, &error)     // then reading.content tells what is in it
 *     reading_done(&reading)
 *
 * Embedded in its owner; one thread, beside the sealed one in which the walk takes place.
 */
#ifndef CKPTOCI_TASK_READING_H
#define CKPTOCI_TASK_READING_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "oci/image-source.h"
#include "registry/registry.h"
#include "stream/input.h"
#include "task/archive-content.h"
#include "task/subject.h"

enum { IMAGE_CONFIG_MAX_BYTES = 4 << 20 };

enum reading_way {
    /* What nobody wants is passed over where that is possible: in a plain file, or an uncompressed
     * layer. A layer that is read as a whole must have its size and digest. */
    READING_HOPS,
    /* All bytes are read, and a layer must have its size and digest. */
    READING_WHOLE,
    /* All bytes are read; how many they are and what was wrong is noted in `blob` and
     * content.archive instead. How a layer is compressed is seen from its bytes, not from its type.
     */
    READING_OBSERVES,
};

struct reading {
    /* What is asked for; borrowed. content.findings, too, and content.only_metadata. */
    const struct subject *subject;
    enum reading_way way;
    struct platform platform;                /* of an index; os NULL: this machine's */
    const struct registry_options *registry; /* not needed for an archive */
    bool takes_any_image; /* of one layer: that it has no annotations of a checkpoint is in `doubt`
                           */
    bool wants_config;
    struct sandbox *writable;  /* what stays writable from then on; NULL: the caller sees to it */
    struct progress *progress; /* what is read is counted */
    struct cancel *cancel;

    /* What there is, once it is open. */
    const struct input *input;   /* the archive, if it is no layer; its source owns it */
    struct image_source *images; /* NULL for an archive, and so is all of an image */
    struct manifest *manifest;
    json_t *config;                 /* NULL where it was not wanted, or is no JSON */
    struct error doubt;             /* ERROR_NONE: none */
    int64_t size;                   /* bytes as they are stored; -1: only the end will tell */
    struct source *stored;          /* these bytes; tar owns it once there is one */
    struct source *tar;             /* the uncompressed archive */
    struct observation blob;        /* of the stored bytes, for READING_OBSERVES */
    struct archive_content content; /* .compression and .hops_within are known, too */
};

/* -1: it cannot be opened; or, ERROR_ARCHIVE, it is empty or no image of a checkpoint. */
int reading_open(struct reading *reading, struct error *error);
/* The second half of it, for who has filled in images and manifest himself: the only layer. */
int reading_open_layer(struct reading *reading, struct error *error);

/* See archive_content_read(). What can be sought in is left where the walk has ended. */
int reading_walk(struct reading *reading, const struct walk_visitor *visitor, struct error *error);
/* After a walk that has failed: reads what is left, as far as it can be, so that the digests are
 * known. */
void reading_drain(struct reading *reading);

void reading_done(struct reading *reading);

#endif
