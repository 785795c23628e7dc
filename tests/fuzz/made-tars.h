// SPDX-License-Identifier: Apache-2.0
/*
 * Small tars for tests, made block by block in the formats that there are, and changed at random by
 * a generator that gives the same numbers everywhere. One thread.
 */
#ifndef CKPTOCI_FUZZ_MADE_TARS_H
#define CKPTOCI_FUZZ_MADE_TARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

enum { MADE_MAX_BLOCKS = 32 };

/* A plain value. */
struct made_tar {
    uint8_t bytes[MADE_MAX_BLOCKS * TAR_BLOCK_BYTES];
    size_t len;
};

enum made_magic { MADE_V7, MADE_USTAR, MADE_GNU };

/* Appends a header with the right checksum and returns it, until the next change of the tar. */
uint8_t *made_header(struct made_tar *tar, enum made_magic magic, char type, const char *name,
                     size_t size);
/* Puts text into a header and mends the checksum. */
void made_set(uint8_t *header, size_t at, const void *bytes, size_t len);
/* Content, filled up to whole blocks. */
void made_content(struct made_tar *tar, const void *bytes, size_t len);
/* An extended header: records "KEY=VALUE" with a NUL behind each, and another NUL. */
void made_pax(struct made_tar *tar, char type, const char *records);
/* The mark of the end. */
void made_end(struct made_tar *tar);

/* One of the tars that every reader reads alike, by its number; false: there are no more. */
bool made_sound(struct made_tar *tar, unsigned number);
/* Changes it, and mends most checksums. *seed goes on. */
void made_mutate(struct made_tar *tar, uint64_t *seed);

#endif
