// SPDX-License-Identifier: Apache-2.0
/*
 * What is compressed in an archive: the tars that engines and CRIU put into it, read while the
 * archive passes; and the guard that stops a decompression whose output is out of all proportion to
 * its input, which also stands behind the decompression of an archive itself.
 */
#ifndef CKPTOCI_ARCHIVE_INNER_TAR_H
#define CKPTOCI_ARCHIVE_INNER_TAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/archive-reader.h"
#include "archive/finding.h"
#include "base/error.h"
#include "stream/source.h"

/* What may become of compressed data: `free_bytes` in any case, and `ratio` times what is stored.
 * Shared by all streams that are counted together. */
struct expansion {
    struct findings *findings;
    uint64_t free_bytes;
    unsigned ratio;
    const _Atomic int64_t *stored; /* compressed bytes that have been taken so far */
    uint64_t unpacked;             /* bytes that have come out so far */
    bool reported;
};

/* The bytes of `inner`, which it owns and which decompresses. More than is allowed is reported as
 * CHECK_DECOMPRESSION_BOMB in `member` (NULL: the archive) and, unless that check is allowed, ends
 * the stream with ERROR_ARCHIVE. All else is borrowed. */
struct source *expansion_guard_new(struct source *inner, struct expansion *expansion,
                                   const char *member);

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

enum {
    /* What compressed data inside may become: so many bytes in any case, or the highest ratio that
     * real files reach. */
    INNER_FREE_BYTES = 256 << 20,
    INNER_MAX_RATIO = 100,
};

/* What has been decompressed of all tars of one archive. */
struct inner_expansion {
    struct expansion expansion;
    _Atomic int64_t stored;
};

void inner_expansion_init(struct inner_expansion *inner, struct findings *findings);

/* The tar in the reader's present member, decompressed if need be. The reader is
 * borrowed and must not be used beside it; so are the others. NULL without error: the member is
 * empty. */
int inner_tar_source_new(struct archive_reader *outer, const char *container,
                         struct inner_expansion *expansion, struct source **source,
                         struct error *error);

#endif
