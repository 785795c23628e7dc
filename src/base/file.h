// SPDX-License-Identifier: Apache-2.0
/* Small files, directories and the paths to them; the size of tar members. */
#ifndef CKPTOCI_BASE_FILE_H
#define CKPTOCI_BASE_FILE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* All of a file of up to `max` bytes, with a NUL that *len does not count. 1: read, free() *data
 * (never copied on the way: the caller can wipe it); 0: there is no such file; -1: it cannot be
 * read or is larger. */
int file_read(const char *path, size_t max, char **data, size_t *len, struct error *error);

/* Whether a file at this path can be written, or made, as far as that can be told without doing so.
 * -1: not, and why. */
int file_check_writable(const char *path, struct error *error);

/* The names in an open directory, whose descriptor stays the caller's. NULL with errno. */
DIR *file_open_list(int dir_fd);
DEFINE_CLEANUP(DIR *, closedir);

/* The last component of a path; empty behind a slash. */
const char *file_name(const char *path);
/* The directory that a path is in, with its slash; "." where the path is a name only. free() it. */
char *file_directory(const char *path);
/* What `name` means in a file at `path`: if relative, it begins in the same directory. free() it.
 */
char *file_beside(const char *path, const char *name);

enum { TAR_BLOCK_BYTES = 512 };

/* What a member of this size takes in a tar file, without its header. */
static inline uint64_t tar_padded(uint64_t size)
{
    return (size + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
}

#endif
