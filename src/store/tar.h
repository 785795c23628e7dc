// SPDX-License-Identifier: Apache-2.0
/*
 * Image layouts in tar files. Written are pieces: the first member's size is known only when all
 * its bytes are there. Read is an index of where the members lie. One thread.
 */
#ifndef CKPTOCI_STORE_TAR_H
#define CKPTOCI_STORE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

struct tar_member {
    const char *name; /* at most 99 bytes */
    const void *data;
    size_t len; /* bytes */
};

/* The one header block of a regular file of any size, without a time or an owner: the same each
 * time. Behind it come the file's bytes and zeros up to the end of their last block. */
int tar_file_header(uint8_t block[TAR_BLOCK_BYTES], const char *name, uint64_t size,
                    struct error *error);
/* Whole members with the end of the archive behind them; *tail goes to free(). */
int tar_tail(uint8_t **tail, size_t *len, const struct tar_member *members, size_t count,
             struct error *error);

enum {
    TAR_INDEX_MAX_MEMBERS = 1 << 20, /* headers that are looked at */
    TAR_INDEX_MAX_KEPT = 1 << 17,
};

struct tar_place {
    uint64_t offset, size; /* bytes; of the member's content */
};

/* Where the members of a plain tar file begin, found in one pass over its headers, so that each can
 * be read on its own afterwards. Only names that an image layout has are kept. */
struct tar_index;

/* Reads the headers through `fd`. -1: no plain tar file. */
int tar_index_new(struct tar_index **index, int fd, struct error *error);
void tar_index_free(struct tar_index *index);
DEFINE_CLEANUP(struct tar_index *, tar_index_free);

/* The last member of that name, NULL if there is none. */
const struct tar_place *tar_index_find(const struct tar_index *index, const char *name);

#endif
