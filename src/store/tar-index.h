// SPDX-License-Identifier: Apache-2.0
/*
 * Where the members of a plain tar file begin, found in one pass over its headers, so that each can
 * be read on its own afterwards. Only names that an image layout has are kept. One thread.
 */
#ifndef CKPTOCI_STORE_TAR_INDEX_H
#define CKPTOCI_STORE_TAR_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    TAR_INDEX_MAX_MEMBERS = 1 << 20, /* headers that are looked at */
    TAR_INDEX_MAX_KEPT = 1 << 17,
};

struct tar_place {
    uint64_t offset, size; /* bytes; of the member's content */
};

struct tar_index;

/* Reads the headers through `fd`. -1: no plain tar file. */
int tar_index_new(struct tar_index **index, int fd, struct error *error);
void tar_index_free(struct tar_index *index);
DEFINE_CLEANUP(struct tar_index *, tar_index_free);

/* The last member of that name, NULL if there is none. */
const struct tar_place *tar_index_find(const struct tar_index *index, const char *name);

#endif
