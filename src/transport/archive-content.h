// SPDX-License-Identifier: Apache-2.0
/*
 * What is in a checkpoint archive, from its bytes as they are stored:
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
 * transport/reading.h is this for a file or an image. Embedded in its owner, zero-initialised; one
 * thread at a time.
 */
#ifndef CKPTOCI_TRANSPORT_ARCHIVE_CONTENT_H
#define CKPTOCI_TRANSPORT_ARCHIVE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/expansion-guard.h"
#include "archive/finding.h"
#include "archive/walk.h"
#include "checkpoint/checkpoint.h"
#include "stream/codec.h"
#include "stream/source.h"
#include "transport/observing-source.h"

enum {
    /* What a compressed archive may become: memory that has been written to is not all zeros. */
    ARCHIVE_FREE_BYTES = 1 << 30,
    ARCHIVE_MAX_RATIO = 200,
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

    /* Filled in by archive_content_read(). */
    struct observation archive; /* of the uncompressed bytes */
    struct walk walk;           /* after a failure: what was kept until then */
    bool has_checkpoint;        /* both documents could be parsed, which needs a whole walk */
    struct checkpoint checkpoint;
    struct error no_checkpoint; /* after a whole walk: why they could not */

    struct expansion expansion; /* the bomb guard's */
};

/* The uncompressed archive; owns `stored` and borrows the content. `cancel`, which may be NULL,
 * ends it. */
struct source *archive_content_unpack(struct archive_content *content, struct source *stored,
                                      const struct cancel *cancel);

/* Walks through `tar` and parses the documents, in a sealed thread, in which `visitor` (or NULL) is
 * called, too. -1: as walk_archive() and walk_metadata(); documents that cannot be parsed are no
 * failure. */
int archive_content_read(struct archive_content *content, struct source *tar,
                         const struct walk_visitor *visitor, struct error *error);

void archive_content_done(struct archive_content *content);

#endif
