// SPDX-License-Identifier: Apache-2.0
/* A stretch of a file as a source that can be read again from any offset. */
#ifndef CKPTOCI_STORE_FILE_SOURCE_H
#define CKPTOCI_STORE_FILE_SOURCE_H

#include <stdint.h>

#include "stream/source.h"

/* `size` bytes from `offset` on. Takes the descriptor, which others may also read: only pread() is
 * used. `name` is for messages (copied). */
struct source *file_source_new(int fd, uint64_t offset, uint64_t size, const char *name);

#endif
