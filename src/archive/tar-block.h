// SPDX-License-Identifier: Apache-2.0
/*
 * One block of a tar that is a header, read strictly: only what Go's archive/tar, libarchive and
 * GNU tar all read, and read alike. docs/findings.md has the rules and whom each protects against.
 */
#ifndef CKPTOCI_ARCHIVE_TAR_BLOCK_H
#define CKPTOCI_ARCHIVE_TAR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

enum tar_format {
    TAR_FORMAT_V7,
    TAR_FORMAT_USTAR, /* PAX has the same headers */
    TAR_FORMAT_GNU,
};

enum { TAR_NAME_MAX_BYTES = 155 + 1 + 100, TAR_LINK_MAX_BYTES = 100 };

/* A plain value. */
struct tar_block {
    enum tar_format format;
    char type; /* as it is written */
    bool has_prefix;
    char name[TAR_NAME_MAX_BYTES + 1]; /* with the prefix */
    char link[TAR_LINK_MAX_BYTES + 1];
    uint64_t size;
    unsigned mode; /* with the bits of the file's type, if there are any */
    unsigned device_major, device_minor;
};

/* Whether the checksum is right: without it the block is no header. */
bool tar_block_is_header(const uint8_t bytes[TAR_BLOCK_BYTES]);

/* NULL, or what is wrong with it; the name is written in either case. */
const char *tar_block_read(struct tar_block *block, const uint8_t bytes[TAR_BLOCK_BYTES]);

/* A field with a number from 0 to `max`: octal digits with blanks before and blanks or NULs behind
 * them, or GNU's base 256. A field of NULs and blanks alone is 0. */
bool tar_number_parse(const uint8_t *field, size_t len, uint64_t max, uint64_t *number);

/* Whether there is nothing but NULs. */
bool tar_is_zero(const uint8_t *bytes, size_t len);

#endif
