// SPDX-License-Identifier: Apache-2.0
/* One member of an archive, or of a tar that lies in it, and its path as text. A plain value. */
#ifndef CKPTOCI_ARCHIVE_MEMBER_H
#define CKPTOCI_ARCHIVE_MEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum member_type {
    MEMBER_FILE,
    MEMBER_DIRECTORY,
    MEMBER_SYMLINK,
    MEMBER_HARD_LINK,
    MEMBER_CHARACTER_DEVICE,
    MEMBER_BLOCK_DEVICE,
    MEMBER_FIFO,
    MEMBER_OTHER,
};

/* As the archive has it: any of it may be a lie. The strings are the reader's and valid until the
 * next member. */
struct member {
    const char *container; /* the member that is the tar it lies in; NULL: the archive itself */
    const char *path;      /* as a file system takes it: no "./", no "//", no "/" at the end; "." is
                              the top; a leading "/" and ".." are left in */
    const char *raw_path;  /* as it is written */
    const char *link;      /* where a link points to, as it is written; else NULL */
    enum member_type type;
    mode_t mode;           /* permissions */
    uint64_t size;         /* bytes, when it is unpacked; 0 for all but files */
    uint64_t offset;       /* of its content in the tar it lies in, bytes */
    uint64_t header_bytes; /* of all that stand before its content */
    time_t mtime;
    unsigned device_major, device_minor; /* of devices */
    bool sparse;                         /* it has holes that the archive does not store */
};

/* The path without "." components, doubled slashes and slashes at the end, as a file system would
 * take it; "." for the top, "" for "". A leading "/" and ".." stay. The caller's. */
char *member_path_clean(const char *raw);

/* Whether a component of the path is "..". */
bool member_path_climbs(const char *path);

/* Whether Linux has no path, or no name in it, of that length. */
bool member_path_is_too_long(const char *path);

#endif
