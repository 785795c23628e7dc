// SPDX-License-Identifier: Apache-2.0
/* The tars that engines and CRIU put into an archive, read while it passes; and the guard for what
 * is a tar without compression. */
#ifndef CKPTOCI_ARCHIVE_INNER_TAR_H
#define CKPTOCI_ARCHIVE_INNER_TAR_H

#include "archive/archive-reader.h"
#include "archive/expansion.h"
#include "base/error.h"
#include "stream/source.h"

/* The bytes of `inner`, which it owns and which are not compressed for us. Where they begin as
 * other compressed data does, readers that go by that would see another tar: then it ends with
 * ERROR_ARCHIVE, reported as CHECK_OTHER_COMPRESSION in `findings` (borrowed; NULL: not reported).
 * Can be sought in as `inner` can. */
struct source *plain_guard_new(struct source *inner, struct findings *findings);

enum inner_tar {
    INNER_TAR_NONE,   /* the member is none of them */
    INNER_TAR_ROOTFS, /* rootfs-diff.tar: changed files, from the engine; containerd's is gzip */
    INNER_TAR_SHM,    /* devshm-checkpoint.tar: /dev/shm, from the engine */
    INNER_TAR_TMPFS,  /* checkpoint/tmpfs-*.tar.gz.img: a tmpfs, from CRIU by way of GNU tar */
    INNER_TAR_VOLUME, /* volumes/NAME.tar: a named volume, from podman */
};

/* By the path of a member of the archive itself; NULL is none. */
enum inner_tar inner_tar_kind(const char *path);

/* The tar in the reader's present member, decompressed if need be. The reader is
 * borrowed and must not be used beside it; so are the others. NULL without error: the member is
 * empty. */
int inner_tar_source_new(struct archive_reader *outer, const char *container,
                         struct expansion *expansion, struct source **source, struct error *error);

#endif
