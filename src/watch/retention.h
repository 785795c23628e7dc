// SPDX-License-Identifier: Apache-2.0
/*
 * Which archives the directory may lose: of those that were pushed, those that are too many, too
 * old or too large together, and that nobody wants to keep. Pure: it removes nothing.
 */
#ifndef CKPTOCI_WATCH_RETENTION_H
#define CKPTOCI_WATCH_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch/archive.h"

/* -1: no such limit. Age goes by the file's modification time, which is not the archive's word. */
struct retention {
    int64_t count; /* archives of each container */
    int64_t age_s;
    int64_t size_bytes; /* of all archives together, pushed or not */
};

struct candidate {
    struct archive *archive;
    const char *reason; /* "count", "age" or "size" */
};

bool retention_is_given(const struct retention *retention);

/* A new array of *count candidates, the caller's. Archives that are kept do not
 * count as one of a container's, but their sizes do. */
struct candidate *retention_select(const struct retention *retention,
                                   const struct archive_table *table, int64_t now_s, size_t *count);

#endif
