// SPDX-License-Identifier: Apache-2.0
/* The pieces of a tar file whose first member's size is known only when all its bytes are there.
 * Deterministic: no times, no owners. Pure: no I/O. */
#ifndef CKPTOCI_STORE_TAR_H
#define CKPTOCI_STORE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

struct tar_member {
    const char *name; /* at most 99 bytes */
    const void *data;
    size_t len; /* bytes */
};

/* The one header block of a regular file, for any size. Behind it come the file's bytes and zeros
 * up to the end of their last block. */
int tar_file_header(uint8_t block[TAR_BLOCK_BYTES], const char *name, uint64_t size,
                    struct error *error);
/* Whole members with the end of the archive behind them; *tail goes to free(). */
int tar_tail(uint8_t **tail, size_t *len, const struct tar_member *members, size_t count,
             struct error *error);

#endif
