// SPDX-License-Identifier: Apache-2.0
/*
 * Reads a checkpoint archive as it streams by, keeps the few members that say what it is, and
 * refuses what is no whole checkpoint. One thread, one pass, no seeking.
 */
#ifndef CKPTOCI_CHECKPOINT_WALK_H
#define CKPTOCI_CHECKPOINT_WALK_H

#include <stdint.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"
#include "stream/source.h"

enum {
    METADATA_MAX_BYTES = 8 << 20, /* of spec.dump, config.dump; real ones are below 100 KiB */
    CORE_HEAD_BYTES = 64,         /* of checkpoint/core-*.img: enough for the machine type */
};

/* What was kept of an archive. Embedded in its owner. */
struct walk {
    struct buffer spec_dump;
    struct buffer config_dump;
    struct buffer core_head; /* the first bytes of the first CRIU core image; empty without one */
    time_t inventory_time;   /* modification time of checkpoint/inventory.img: when CRIU wrote it */
    uint64_t bytes;          /* of the whole archive */
};

/*
 * Takes `tar`, the uncompressed archive, to its end: every byte of it has then passed. -1:
 * ERROR_ARCHIVE for what is no checkpoint, no tar or no whole one; or the source's own error.
 */
int walk_archive(struct walk *walk, struct source *tar, struct error *error);
void walk_done(struct walk *walk);

#endif
