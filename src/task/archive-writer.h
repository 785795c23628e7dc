// SPDX-License-Identifier: Apache-2.0
/*
 * Where an archive that is pulled goes: a private file that appears when it is complete, or a
 * descriptor that gets the bytes at once. Embedded in its owner; one thread.
 */
#ifndef CKPTOCI_TASK_ARCHIVE_WRITER_H
#define CKPTOCI_TASK_ARCHIVE_WRITER_H

#include "base/cancel.h"
#include "base/progress.h"
#include "base/tmpfile.h"
#include "stream/source.h"

struct archive_writer {
    struct output_file file;
    int fd; /* borrowed; -1: write to the file */
    struct progress *progress;
    struct cancel *cancel;
};

/* `path` NULL: write to `fd`. */
void archive_writer_init(struct archive_writer *writer, const char *path, int fd, bool may_replace,
                         struct progress *progress, struct cancel *cancel);
int archive_writer_open(struct archive_writer *writer, struct error *error);
int archive_writer_publish(struct archive_writer *writer, struct error *error);
void archive_writer_done(struct archive_writer *writer);

/* The bytes of `inner`, which it owns; what passes is written. */
struct source *archive_writer_tee(struct archive_writer *writer, struct source *inner);

#endif
