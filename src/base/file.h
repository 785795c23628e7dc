// SPDX-License-Identifier: Apache-2.0
/* Small files that say who we are and whom we trust. */
#ifndef CKPTOCI_BASE_FILE_H
#define CKPTOCI_BASE_FILE_H

#include <stddef.h>

#include "base/error.h"

/* All of a file of up to `max` bytes, with a NUL that *len does not count. 1: read, free() *data
 * (never copied on the way: the caller can wipe it); 0: there is no such file; -1: it cannot be
 * read or is larger. */
int file_read(const char *path, size_t max, char **data, size_t *len, struct error *error);

#endif
