// SPDX-License-Identifier: Apache-2.0
/*
 * The work on one archive, by two children in turn: `ckptoci list` tells what the archive says of
 * itself, which makes the reference, and `ckptoci convert` pushes it there. The agent itself reads
 * no byte of an archive: one that makes a child crash costs that child. The children get the file
 * that is open, as their standard input: its name may be another file's by now.
 */
#ifndef CKPTOCI_WATCH_CONVERSION_H
#define CKPTOCI_WATCH_CONVERSION_H

#include <stdbool.h>

#include "base/child.h"
#include "base/memory.h"
#include "watch/archive.h"
#include "watch/schedule.h"

/* All borrowed. */
struct conversion_options {
    const char *directory, *template, *node;
    char *const *convert_options; /* passed on to convert; ends with NULL */
    int64_t timeout_ms;           /* for the child that converts; 0: none */
};

struct conversion {
    const struct conversion_options *options;
    struct archive *archive;          /* borrowed; what it is now */
    struct archive_identity identity; /* what it was at the beginning */
    int fd;                           /* of that file */
    char *reference;                  /* NULL while it is not known */
    struct child *child;
    bool has_begun_to_push;
    int64_t started_ms;
};

/* Has convert look at the options that it would be given, once, at the start. -1: ERROR_USAGE, or
 * it cannot be run. */
int conversion_check_options(const struct conversion_options *options, struct error *error);

/* `fd` is the archive's file, and taken. NULL: no child can be started. */
struct conversion *conversion_start(const struct conversion_options *options,
                                    struct archive *archive, int fd, struct error *error);
/* Once the process is over. True: that was all, and *outcome is filled in; else the next child is
 * at work. */
bool conversion_advance(struct conversion *conversion, struct outcome *outcome);
void conversion_free(struct conversion *conversion);
DEFINE_CLEANUP(struct conversion *, conversion_free);

#endif
