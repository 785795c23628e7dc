// SPDX-License-Identifier: Apache-2.0
/* One member of an archive, or of a tar that lies in it. A plain value; its strings are the
 * reader's and valid until the next member. All of it is the archive's word. */
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

struct member {
    const char *container; /* the member that is the tar it lies in; NULL: the archive itself */
    const char *path;      /* as a file system takes it: no "./", no "//", no "/" at the end; "." is
                              the top; a leading "/" and ".." are left in */
    const char *raw_path;  /* as it is written */
    const char *link;      /* where a link points to, as it is written; else NULL */
    enum member_type type;
    mode_t mode;     /* permissions */
    uint64_t size;   /* bytes, when it is unpacked; 0 for all but files */
    uint64_t offset; /* of its content in the tar it lies in, bytes */
    time_t mtime;
    unsigned device_major, device_minor; /* of devices */
    bool sparse;                         /* it has holes that the archive does not store */
};

#endif
