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
#ifndef CKPTOCI_TRANSPORT_READING_H
#define CKPTOCI_TRANSPORT_READING_H

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
#include "transport/archive-content.h"
#include "transport/subject.h"

enum { IMAGE_CONFIG_MAX_BYTES = 4 << 20 };

enum reading_way {
    /* Content that nobody wants is passed over where that is possible: in a plain file, and in a
     * layer without compression. Any other layer must have its size and digest. */
    READING_HOPS,
    /* All bytes are read, and a layer must have its size and digest. */
    READING_WHOLE,
    /* All bytes are read. Sizes, digests and failures are noted, in `blob` and content.archive, and
     * not compared with what a manifest says. How a layer is compressed is seen from its bytes. */
    READING_OBSERVES,
};

struct reading {
    /* What is asked for, and borrowed; so are content.findings and content.only_metadata. */
    const struct subject *subject;
    enum reading_way way;
    struct platform platform;                /* of an index; os NULL: this machine's */
    const struct registry_options *registry; /* of an image */
    bool takes_any_image;     /* also one of one layer that is not marked as a checkpoint */
    bool wants_config;        /* of an image */
    struct sandbox *writable; /* all else is read-only once it is open; NULL: nothing is given up */
    struct progress *progress; /* counts bytes as they are stored */
    struct cancel *cancel;

    /* What there is once it is open. */
    const struct input *input;      /* the archive's file; owned by `stored` */
    struct image_source *images;    /* these are NULL where it is an archive */
    struct manifest *manifest;      /* of two parts: config and layer */
    json_t *config;                 /* NULL if it was not wanted or is no JSON */
    struct error doubt;             /* why the image is not marked as a checkpoint; or ERROR_NONE */
    int64_t size;                   /* bytes as they are stored; -1: not known */
    struct source *stored;          /* these bytes; owned by `tar` once there is one */
    struct source *tar;             /* the uncompressed archive, once reading_walk() was called */
    struct observation blob;        /* of the stored bytes, with READING_OBSERVES */
    struct archive_content content; /* .compression and .hops_within are known already */
};

/* -1: it cannot be opened; with ERROR_ARCHIVE, it is empty or no image of a checkpoint. */
int reading_open(struct reading *reading, struct error *error);
/* Only its last step, for a caller that has filled in `images` and `manifest` itself. */
int reading_open_layer(struct reading *reading, struct error *error);

/* As archive_content_read(). */
int reading_walk(struct reading *reading, const struct walk_visitor *visitor, struct error *error);
/* After a walk that has failed: reads on to the end, as far as that is possible, so that the
 * observations are complete. */
void reading_drain(struct reading *reading);

void reading_done(struct reading *reading);

#endif
