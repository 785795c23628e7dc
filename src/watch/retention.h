// SPDX-License-Identifier: Apache-2.0
/*
 * Which archives may be removed from the directory: of those that were pushed and that nobody wants
 * to keep, those that are too many, too old or too large together (retention_select(), pure), if
 * their registries confirm that they still have the images (struct confirmation). Removes nothing.
 */
#ifndef CKPTOCI_WATCH_RETENTION_H
#define CKPTOCI_WATCH_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "oci/digest.h"
#include "registry/registry.h"
#include "watch/archive.h"

/* -1: no such limit. The age is that of the file's modification time, which the archive does not
 * choose. */
struct retention {
    int64_t count; /* archives of each container */
    int64_t age_s;
    int64_t size_bytes; /* of all archives together, pushed or not */
};

struct candidate {
    struct archive *archive;
    int container_len;  /* of its name: see kubelet_file_container_len() */
    const char *reason; /* "count", "age" or "size" */
};

bool retention_is_given(const struct retention *retention);

/* A new array of *count candidates; free() it. An archive that is kept counts by its size, but not
 * as one of its container's. */
struct candidate *retention_select(const struct retention *retention,
                                   const struct archive_table *table, int64_t now_s, size_t *count);

enum { CONFIRMATION_MAX_QUESTIONS = 256 };

struct question {
    char *name;                       /* of the archive */
    struct archive_identity identity; /* of the file that was pushed */
    char *reference;
    struct digest digest;
    const char *reason; /* for removing it; constant text */

    struct error error; /* the answer. ERROR_NONE: the image is there, with that digest */
};

/*
 * A thread that asks registries whether images are still what they were. The agent hands over a
 * list, goes on, and takes the answers when the file descriptor is readable. Opaque; only the
 * agent's thread calls these functions.
 */
struct confirmation;

/* At most CONFIRMATION_MAX_QUESTIONS candidates, which are not looked at afterwards; `options` and
 * `cancel` are borrowed. */
struct confirmation *confirmation_start(const struct candidate *candidates, size_t count,
                                        const struct registry_options *options,
                                        struct cancel *cancel);
/* To be polled for input: all is answered. */
int confirmation_fd(const struct confirmation *confirmation);
/* The questions with their answers, once all are answered. */
const struct question *confirmation_answers(struct confirmation *confirmation, size_t *count);
/* Waits for the thread. */
void confirmation_free(struct confirmation *confirmation);
DEFINE_CLEANUP(struct confirmation *, confirmation_free);

#endif
