// SPDX-License-Identifier: Apache-2.0
/* Sources and files: a stretch of a file as a source, and a source written to a file. */
#ifndef CKPTOCI_STORE_FILE_SOURCE_H
#define CKPTOCI_STORE_FILE_SOURCE_H

#include <stdint.h>

#include "base/progress.h"
#include "base/tmpfile.h"
#include "stream/source.h"

/* `size` bytes from `offset` on, which can be read again from any offset. Takes the descriptor,
 * which others may also read: only pread() is used. `name` is for messages (copied). */
struct source *file_source_new(int fd, uint64_t offset, uint64_t size, const char *name);

/* Appends all that is left of the source and counts it in progress->bytes_sent. */
int tmpfile_append_source(struct tmpfile *file, struct source *source, struct progress *progress,
                          struct error *error);

#endif
