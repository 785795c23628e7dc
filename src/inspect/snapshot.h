// SPDX-License-Identifier: Apache-2.0
/*
 * All that is kept of an archive to tell what is in it, beside what the walk itself keeps: what
 * CRIU's images say, the sizes, the changed files. It is a visitor of the walk and takes what it
 * gets: what is missing or damaged is noted and left out, so that a bad archive still tells the
 * rest.
 *
 *     snapshot_init(&snapshot)
 *     visitor = snapshot_visitor(&snapshot)
 *     walk_archive(&walk, tar, &visitor, &findings, &error)
 *     snapshot_read_pages(&snapshot, tar, size, &error) // where the walk has hopped over them
 *     report = report_make(&snapshot, &walk, checkpoint, shows_secrets)
 *
 * Embedded in its owner; one thread.
 */
#ifndef CKPTOCI_INSPECT_SNAPSHOT_H
#define CKPTOCI_INSPECT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "archive/walk.h"
#include "base/error.h"
#include "base/memory.h"
#include "inspect/process-table.h"
#include "stream/source.h"

enum {
    SNAPSHOT_LOG_HEAD_BYTES = 16 << 10,    /* of dump.log: CRIU names itself in its first lines */
    SNAPSHOT_SMALL_MAX_BYTES = 1 << 20,    /* of deleted.files, stats-dump */
    SNAPSHOT_CHANGES_MAX = 100000,         /* changed files that are listed; further ones count */
    SNAPSHOT_CHANGES_MAX_BYTES = 32 << 20, /* of their names */
    SNAPSHOT_NOTES_MAX = 100,
};

/* Small members that are kept as they are. */
enum snapshot_member {
    SNAPSHOT_STATS,
    SNAPSHOT_LOG,
    SNAPSHOT_DELETED,
    SNAPSHOT_INVENTORY,
    SNAPSHOT_MEMBER_COUNT,
};

/* Bytes. */
struct snapshot_sizes {
    uint64_t checkpoint;   /* of CRIU's images, memory pages included */
    uint64_t memory_pages; /* of pages-*.img */
    uint64_t gpu_pages;    /* of amdgpu-pages-*.img */
    uint64_t rootfs_diff;  /* of the tar of changed files, as it is in the archive */
};

/* A pages image that was passed over, and where its bytes are in the archive. */
struct snapshot_pages {
    uint32_t id;
    uint64_t offset, size;
};

struct snapshot {
    bool hops; /* snapshot_read_pages() is going to be called */
    struct buffer members[SNAPSHOT_MEMBER_COUNT];
    struct process_table table;
    struct snapshot_sizes sizes;
    struct snapshot_pages *pages;
    size_t pages_count, pages_capacity;
    struct process *watched; /* whose pages image passes */
    json_t *changes;         /* array of {"path", "type", "change", "size"} */
    size_t changes_bytes;
    uint64_t changes_omitted;
    json_t *notes; /* array of strings: what could not be told, and why */
};

void snapshot_init(struct snapshot *snapshot);
void snapshot_done(struct snapshot *snapshot);

/* The snapshot is borrowed. */
struct walk_visitor snapshot_visitor(struct snapshot *snapshot);

/* Reads command lines and environments from `tar`, which can be sought in, after the walk. Of an
 * archive that was cut short, what is behind its `tar_size` bytes is left out. -1: the source's
 * error. */
int snapshot_read_pages(struct snapshot *snapshot, struct source *tar, uint64_t tar_size,
                        struct error *error);

/* Whether nothing of a checkpoint was in the archive, of which the walk has kept `walk`. */
bool snapshot_is_empty(const struct snapshot *snapshot, const struct walk *walk);

/* One more changed file; `type` NULL: not known, `size` in bytes, of files. */
void snapshot_add_change(struct snapshot *snapshot, const char *path, size_t len, const char *type,
                         const char *change, uint64_t size);

/* A note for whoever reads the report. */
void snapshot_note(struct snapshot *snapshot, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
