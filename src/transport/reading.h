// SPDX-License-Identifier: Apache-2.0
/*
 * The one way to open a checkpoint archive, or the layer of an image of one, to read it:
 *
 *     struct reading reading = {.subject = ..., .content.findings = ...};
 *     reading_open(&reading, &error)               // the file, or the image's documents and layer
 *     reading_walk(&reading, &visitor, &error)     // then reading.content tells what is in it
 *     reading_done(&reading)
 *
 * Its lower half works on bytes from anywhere; convert uses it alone, on a tap of its pipeline:
 *
 *     stored --> decode --> SHA-256 --> bomb guard --> walk, JSON
 *                                                      in a sealed thread
 *
 *     struct archive_content content = {.findings = ..., .stored_bytes = ...};
 *     tar = archive_content_unpack(&content, stored);
 *     archive_content_read(&content, tar, &visitor, &error);
 *     source_free(tar);
 *     archive_content_done(&content);
 *
 * Both are embedded in their owner and zero-initialised. One thread at a time, beside the sealed
 * one in which the walk takes place.
 */
#ifndef CKPTOCI_TRANSPORT_READING_H
#define CKPTOCI_TRANSPORT_READING_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "archive/expansion.h"
#include "archive/finding.h"
#include "archive/walk.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "checkpoint/checkpoint.h"
#include "oci/image-source.h"
#include "registry/registry.h"
#include "stream/codec.h"
#include "stream/input.h"
#include "stream/source.h"
#include "transport/destination.h"
#include "transport/observing-source.h"

enum {
    IMAGE_CONFIG_MAX_BYTES = 4 << 20,
};

struct archive_content {
    /* Filled in by the owner, and borrowed. */
    struct findings *findings;           /* what the checks find is added */
    const _Atomic int64_t *stored_bytes; /* that have been read so far, before decompression */
    enum compression compression;        /* as it is stored */
    bool is_decoded;                     /* the bytes come decompressed already */
    bool hashes;                         /* `archive` is wanted */
    bool only_metadata;                  /* walk_metadata() is enough */
    uint64_t hops_within;                /* as in struct walk_visitor */
    uint64_t max_unpacked_bytes;         /* as in struct expansion */
    const struct cancel *cancel;         /* ends it; NULL: nothing does */

    /* Filled in by archive_content_read(). */
    struct observation archive; /* of the uncompressed bytes */
    struct walk walk;           /* after a failure: what was kept until then */
    bool has_checkpoint;        /* both documents could be parsed, which needs a whole walk */
    struct checkpoint checkpoint;
    struct error no_checkpoint; /* after a whole walk: why they could not */

    struct expansion expansion; /* the bomb guards' */
};

/* The bytes of the uncompressed archive. Owns `stored` and borrows the content. */
struct source *archive_content_unpack(struct archive_content *content, struct source *stored);

/* Walks through `tar`, parses spec.dump and config.dump, and judges by them what the walk could
 * not, all in a sealed thread; `visitor`, which may be NULL, is called there, too. -1: as
 * walk_archive() and walk_metadata(). Documents that cannot be parsed are no failure. */
int archive_content_read(struct archive_content *content, struct source *tar,
                         const struct walk_visitor *visitor, struct error *error);

/* Checks of the file that the archive is in: its name, and who may read it. 0, or -1: refused. */
int archive_check_file(struct findings *findings, const char *path, const struct input *file,
                       const struct checkpoint *checkpoint, struct error *error);

void archive_content_done(struct archive_content *content);

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
    /* What is asked for, and borrowed; so are content.findings, .only_metadata and
     * .max_unpacked_bytes. */
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
/* Only the last step, for a caller that has filled in `images` and `manifest` itself. */
int reading_open_layer(struct reading *reading, struct error *error);

/* As archive_content_read(). */
int reading_walk(struct reading *reading, const struct walk_visitor *visitor, struct error *error);
/* After a walk that has succeeded: all checks of the metadata and of the file. None of them stops
 * the others; what is wrong becomes findings, even that there is no checkpoint in it. */
void reading_check_metadata(struct reading *reading);
/* After a walk that has failed: reads on to the end if that is possible, so that the observations
 * are complete. */
void reading_drain(struct reading *reading);

void reading_done(struct reading *reading);

#endif
