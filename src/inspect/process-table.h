// SPDX-License-Identifier: Apache-2.0
/*
 * The processes of a checkpoint, put together from CRIU's images as they come by, in any order; and
 * from their memory the two parts that say what runs there: command line and environment. These lie
 * in pages-<id>.img, found by way of mm-<pid>.img and pagemap-<pid>.img:
 *
 *     process_table_take(table, "core-1.img", bytes, len, &error)      // every image it wants
 *     process = process_table_of_pages(table, 1)                       // pages-1.img comes by
 *     if (process && process_plan_memory(table, process, size))
 *         ... process_take_pages(process, offset, bytes, len) ...
 *
 * Embedded in its owner; one thread. All of it comes from the archive and may be a lie.
 */
#ifndef CKPTOCI_INSPECT_PROCESS_TABLE_H
#define CKPTOCI_INSPECT_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "criu/criu.h"

enum {
    PROCESSES_MAX = 16384,
    PROCESS_MEMORY_MAX_BYTES = 1 << 20,        /* of a command line or an environment */
    PROCESS_TABLE_MEMORY_MAX_BYTES = 16 << 20, /* of all of them */
    PROCESS_TABLE_IMAGES_MAX_BYTES = 32 << 20, /* of all images that are parsed */
    PROCESS_TABLE_ENTRIES_MAX = 1 << 20,       /* descriptors and runs of pages, of all of them */
};

/* A part of a process's memory. */
struct process_memory {
    char *bytes; /* NULL: not looked for, or not to be had */
    size_t len;
    size_t have; /* how many of them have come; the rest is 0 */
};

/* Where a piece of that lies in the pages image. */
struct process_piece {
    uint64_t offset; /* in the image */
    size_t len;
    size_t at; /* in the memory */
    bool is_environment;
};

struct process {
    uint32_t pid;
    bool in_tree, has_core, has_mm, has_pagemap, has_fs;
    uint32_t ppid;
    const uint32_t *threads; /* with itself; of the table's pstree */
    size_t thread_count;
    uint32_t files_id; /* of its fdinfo; 0: not known */
    struct criu_core core;
    struct criu_mm mm;
    struct criu_pagemap pagemap;
    struct criu_fs fs;
    bool planned;
    bool reported; /* for who goes through the tree */
    struct process_memory arguments, environment;
    struct process_piece *pieces; /* by offset */
    size_t piece_count;
};

struct process_fds {
    uint32_t id;
    struct criu_fdinfo fdinfo;
};

struct process_table {
    struct process **processes; /* by pid; where one is does not change */
    size_t count, capacity;
    struct process_fds *fds; /* by id */
    size_t fds_count, fds_capacity;
    struct criu_files files;
    struct criu_deleted deleted; /* sorted */
    struct criu_pstree pstree;
    uint32_t *threads; /* sorted: of all processes, without the first of each */
    size_t threads_count;
    size_t memory_bytes;
    size_t image_bytes;
    size_t entries;
};

/* Whether process_table_take() has a use for an image of that name, as in "core-1.img". */
bool process_table_wants(const char *name);

/* -1: ERROR_ARCHIVE, the image says nothing; the table goes on without it. */
int process_table_take(struct process_table *table, const char *name, const void *bytes, size_t len,
                       struct error *error);
void process_table_done(struct process_table *table);

/* NULL: there is none. */
struct process *process_table_find(const struct process_table *table, uint32_t pid);
/* Whether it is a thread of a process, other than its first. */
bool process_table_has_thread(const struct process_table *table, uint32_t tid);
/* Whether this file of files.img was deleted while it was open. */
bool process_table_is_deleted(const struct process_table *table, uint32_t file_id);
/* The one whose memory is in pages-<pages_id>.img. */
struct process *process_table_of_pages(const struct process_table *table, uint32_t pages_id);
/* Its descriptors; NULL where they are not known. */
const struct criu_fdinfo *process_table_fds(const struct process_table *table,
                                            const struct process *process);

/* Before its pages image of `image_size` bytes is read. False: nothing is wanted of that. */
bool process_plan_memory(struct process_table *table, struct process *process, uint64_t image_size);
/* The next part of the pages image that is wanted and not before `from`. False: there is none. */
bool process_next_wanted(const struct process *process, uint64_t from, uint64_t *offset,
                         uint64_t *len);
/* Bytes of the pages image, in order and each byte once. */
void process_take_pages(struct process *process, uint64_t offset, const void *bytes, size_t len);

#endif
