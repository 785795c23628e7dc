// SPDX-License-Identifier: Apache-2.0
#include "inspect/process-table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "criu/names.h"

/* Where the process is, or belongs. */
static size_t process_place(const struct process_table *table, uint32_t pid)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->processes[middle]->pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t fds_place(const struct process_table *table, uint32_t id)
{
    size_t low = 0, high = table->fds_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->fds[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct process *process_table_find(const struct process_table *table, uint32_t pid)
{
    size_t place = process_place(table, pid);

    return place < table->count && table->processes[place]->pid == pid ? table->processes[place]
                                                                       : NULL;
}

struct process *process_table_of_pages(const struct process_table *table, uint32_t pages_id)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->processes[i]->has_pagemap && table->processes[i]->pagemap.pages_id == pages_id)
            return table->processes[i];
    return NULL;
}

const struct criu_fdinfo *process_table_fds(const struct process_table *table,
                                            const struct process *process)
{
    size_t place = fds_place(table, process->files_id);

    if (process->files_id == 0 || place == table->fds_count ||
        table->fds[place].id != process->files_id)
        return NULL;
    return &table->fds[place].fdinfo;
}

/* Finds it, or makes it. NULL: there are too many. */
static struct process *process_of(struct process_table *table, uint32_t pid, struct error *error)
{
    size_t place = process_place(table, pid);

    if (place < table->count && table->processes[place]->pid == pid)
        return table->processes[place];
    if (table->count == PROCESSES_MAX) {
        error_set(error, ERROR_ARCHIVE, "there are more than %d processes", PROCESSES_MAX);
        return NULL;
    }
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 16;
        table->processes =
            xreallocarray(table->processes, table->capacity, sizeof *table->processes);
    }
    memmove(table->processes + place + 1, table->processes + place,
            (table->count - place) * sizeof *table->processes);
    table->count++;
    table->processes[place] = NEW(struct process);
    table->processes[place]->pid = pid;
    return table->processes[place];
}

/* So that many small images in a compressed archive do not fill the memory. */
static int count_entries(struct process_table *table, size_t count, struct error *error)
{
    if (count > PROCESS_TABLE_ENTRIES_MAX - table->entries)
        return error_set(error, ERROR_ARCHIVE, "with those before it has more than %d entries",
                         PROCESS_TABLE_ENTRIES_MAX);
    table->entries += count;
    return 0;
}

/* The takers replace nothing: of two images of one name the first one counts. */

/* A thread has a core image too, which says nothing of a process. */
static int take_core(struct process_table *table, uint32_t pid, const void *bytes, size_t len,
                     struct error *error)
{
    cleanup(criu_core_done) struct criu_core core = {0};
    struct process *process;

    if (criu_core_parse(&core, bytes, len, error))
        return -1;
    if (!core.is_process)
        return 0;
    process = process_of(table, pid, error);
    if (!process || process->has_core)
        return process ? 0 : -1;
    process->core = core;
    core = (struct criu_core){0};
    process->has_core = true;
    if (process->files_id == 0)
        process->files_id = process->core.ids.files_id;
    return 0;
}

static int take_ids(struct process_table *table, uint32_t pid, const void *bytes, size_t len,
                    struct error *error)
{
    struct process *process = process_of(table, pid, error);
    struct criu_ids ids;

    if (!process || criu_ids_parse(&ids, bytes, len, error))
        return -1;
    process->files_id = ids.files_id;
    return 0;
}

static int take_mm(struct process_table *table, uint32_t pid, const void *bytes, size_t len,
                   struct error *error)
{
    struct process *process = process_of(table, pid, error);

    if (!process || process->has_mm)
        return process ? 0 : -1;
    if (criu_mm_parse(&process->mm, bytes, len, error))
        return -1;
    process->has_mm = true;
    return 0;
}

static int take_pagemap(struct process_table *table, uint32_t pid, const void *bytes, size_t len,
                        struct error *error)
{
    cleanup(criu_pagemap_done) struct criu_pagemap pagemap = {0};
    struct process *process = process_of(table, pid, error);

    if (!process || process->has_pagemap)
        return process ? 0 : -1;
    if (criu_pagemap_parse(&pagemap, bytes, len, error) ||
        count_entries(table, pagemap.count, error))
        return -1;
    if (pagemap.is_unknown)
        return error_set(error, ERROR_ARCHIVE, "it stores pages in a way that is not known");
    process->pagemap = pagemap;
    pagemap = (struct criu_pagemap){0};
    process->has_pagemap = true;
    return 0;
}

static int take_fs(struct process_table *table, uint32_t pid, const void *bytes, size_t len,
                   struct error *error)
{
    struct process *process = process_of(table, pid, error);

    if (!process || process->has_fs)
        return process ? 0 : -1;
    if (criu_fs_parse(&process->fs, bytes, len, error))
        return -1;
    process->has_fs = true;
    return 0;
}

static int take_fdinfo(struct process_table *table, uint32_t id, const void *bytes, size_t len,
                       struct error *error)
{
    size_t place = fds_place(table, id);
    cleanup(criu_fdinfo_done) struct criu_fdinfo fdinfo = {0};

    if (place < table->fds_count && table->fds[place].id == id)
        return 0;
    if (table->fds_count == PROCESSES_MAX)
        return error_set(error, ERROR_ARCHIVE, "there are more than %d of its kind", PROCESSES_MAX);
    if (criu_fdinfo_parse(&fdinfo, bytes, len, error) || count_entries(table, fdinfo.count, error))
        return -1;
    if (table->fds_count == table->fds_capacity) {
        table->fds_capacity = table->fds_capacity ? 2 * table->fds_capacity : 16;
        table->fds = xreallocarray(table->fds, table->fds_capacity, sizeof *table->fds);
    }
    memmove(table->fds + place + 1, table->fds + place,
            (table->fds_count - place) * sizeof *table->fds);
    table->fds_count++;
    table->fds[place] = (struct process_fds){id, fdinfo};
    fdinfo = (struct criu_fdinfo){0};
    return 0;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static void note_threads(struct process_table *table)
{
    const struct criu_pstree *pstree = &table->pstree;

    if (pstree->tid_count == 0)
        return;
    table->threads = xcalloc(pstree->tid_count, sizeof *table->threads);
    for (size_t i = 0; i < pstree->count; i++)
        for (size_t j = 1; j < pstree->entries[i].thread_count; j++)
            table->threads[table->threads_count++] =
                pstree->tids[pstree->entries[i].first_thread + j];
    qsort(table->threads, table->threads_count, sizeof *table->threads, compare_numbers);
}

static int take_pstree(struct process_table *table, const void *bytes, size_t len,
                       struct error *error)
{
    struct criu_pstree *pstree = &table->pstree;

    if (pstree->entries)
        return 0;
    if (criu_pstree_parse(pstree, bytes, len, error))
        return -1;
    note_threads(table);
    for (size_t i = 0; i < pstree->count; i++) {
        const struct criu_pstree_entry *entry = &pstree->entries[i];
        struct process *process = process_of(table, entry->pid, error);

        if (!process)
            return -1;
        if (process->in_tree)
            continue;
        process->in_tree = true;
        process->ppid = entry->ppid;
        process->threads = pstree->tids ? pstree->tids + entry->first_thread : NULL;
        process->thread_count = entry->thread_count;
    }
    return 0;
}

bool process_table_has_thread(const struct process_table *table, uint32_t tid)
{
    return table->threads_count > 0 &&
           bsearch(&tid, table->threads, table->threads_count, sizeof tid, compare_numbers);
}

static int take_deleted(struct process_table *table, const void *bytes, size_t len,
                        struct error *error)
{
    struct criu_deleted *deleted = &table->deleted;

    if (deleted->ids)
        return 0;
    if (criu_deleted_parse(deleted, bytes, len, error))
        return -1;
    if (deleted->count)
        qsort(deleted->ids, deleted->count, sizeof *deleted->ids, compare_numbers);
    return 0;
}

bool process_table_is_deleted(const struct process_table *table, uint32_t file_id)
{
    return table->deleted.count > 0 && bsearch(&file_id, table->deleted.ids, table->deleted.count,
                                               sizeof file_id, compare_numbers);
}

bool process_table_wants(const char *name)
{
    switch (criu_name_parse(name).kind) {
    case CRIU_KIND_CORE:
    case CRIU_KIND_IDS:
    case CRIU_KIND_MM:
    case CRIU_KIND_PAGEMAP:
    case CRIU_KIND_FS:
    case CRIU_KIND_FDINFO:
    case CRIU_KIND_PSTREE:
    case CRIU_KIND_FILES:
    case CRIU_KIND_REMAP_FPATH:
        return true;
    default:
        return false;
    }
}

int process_table_take(struct process_table *table, const char *name, const void *bytes, size_t len,
                       struct error *error)
{
    struct criu_name image = criu_name_parse(name);
    uint32_t number = (uint32_t)image.number;

    if (len > PROCESS_TABLE_IMAGES_MAX_BYTES - table->image_bytes)
        return error_set(error, ERROR_ARCHIVE, "with the images before it it has more than %d MiB",
                         PROCESS_TABLE_IMAGES_MAX_BYTES >> 20);
    table->image_bytes += len;
    switch (image.kind) {
    case CRIU_KIND_CORE:
        return take_core(table, number, bytes, len, error);
    case CRIU_KIND_IDS:
        return take_ids(table, number, bytes, len, error);
    case CRIU_KIND_MM:
        return take_mm(table, number, bytes, len, error);
    case CRIU_KIND_PAGEMAP:
        return take_pagemap(table, number, bytes, len, error);
    case CRIU_KIND_FS:
        return take_fs(table, number, bytes, len, error);
    case CRIU_KIND_FDINFO:
        return take_fdinfo(table, number, bytes, len, error);
    case CRIU_KIND_PSTREE:
        return take_pstree(table, bytes, len, error);
    case CRIU_KIND_REMAP_FPATH:
        return take_deleted(table, bytes, len, error);
    case CRIU_KIND_FILES:
        return table->files.files ? 0 : criu_files_parse(&table->files, bytes, len, error);
    default:
        return 0;
    }
}

void process_table_done(struct process_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct process *process = table->processes[i];

        criu_core_done(&process->core);
        criu_pagemap_done(&process->pagemap);
        free(process->arguments.bytes);
        free(process->environment.bytes);
        free(process->pieces);
        free(process);
    }
    for (size_t i = 0; i < table->fds_count; i++)
        criu_fdinfo_done(&table->fds[i].fdinfo);
    criu_files_done(&table->files);
    criu_deleted_done(&table->deleted);
    criu_pstree_done(&table->pstree);
    free(table->threads);
    free(table->processes);
    free(table->fds);
}

/* Where the memory from address `start` on lies in the pages image. */
static void find_pieces(struct process *process, uint64_t page_size, bool is_environment,
                        uint64_t start)
{
    struct process_memory *memory = is_environment ? &process->environment : &process->arguments;
    uint64_t offset, len;

    for (size_t at = 0; at < memory->len; at += (size_t)len) {
        bool there =
            criu_pagemap_find(&process->pagemap, page_size, start + at, &offset, &len) == 0;

        if (!there) /* On with the next page. */
            len = page_size - (start + at) % page_size;
        if (len > memory->len - at)
            len = memory->len - at;
        if (!there)
            continue;
        process->pieces =
            xreallocarray(process->pieces, process->piece_count + 1, sizeof *process->pieces);
        process->pieces[process->piece_count++] =
            (struct process_piece){offset, (size_t)len, at, is_environment};
    }
}

static void plan(struct process_table *table, struct process *process, uint64_t page_size,
                 bool is_environment, uint64_t start, uint64_t end)
{
    struct process_memory *memory = is_environment ? &process->environment : &process->arguments;

    if (end <= start || end - start > PROCESS_MEMORY_MAX_BYTES ||
        end - start > PROCESS_TABLE_MEMORY_MAX_BYTES - table->memory_bytes)
        return;
    memory->len = (size_t)(end - start);
    memory->bytes = xcalloc(memory->len, 1);
    table->memory_bytes += memory->len;
    find_pieces(process, page_size, is_environment, start);
}

static int compare_offsets(const void *a, const void *b)
{
    const struct process_piece *left = a, *right = b;

    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

bool process_plan_memory(struct process_table *table, struct process *process, uint64_t image_size)
{
    const struct criu_mm *mm = &process->mm;
    uint64_t page_size = criu_pagemap_page_size(&process->pagemap, image_size);

    if (!process->has_mm || process->planned || page_size == 0)
        return false;
    process->planned = true;
    plan(table, process, page_size, false, mm->arg_start, mm->arg_end);
    plan(table, process, page_size, true, mm->env_start, mm->env_end);
    if (process->piece_count == 0)
        return false;
    qsort(process->pieces, process->piece_count, sizeof *process->pieces, compare_offsets);
    return true;
}

bool process_next_wanted(const struct process *process, uint64_t from, uint64_t *offset,
                         uint64_t *len)
{
    for (size_t i = 0; i < process->piece_count; i++) {
        const struct process_piece *piece = &process->pieces[i];
        uint64_t skipped = piece->offset < from ? from - piece->offset : 0;

        if (skipped >= piece->len)
            continue;
        *offset = piece->offset + skipped;
        *len = piece->len - skipped;
        return true;
    }
    return false;
}

void process_take_pages(struct process *process, uint64_t offset, const void *bytes, size_t len)
{
    for (size_t i = 0; i < process->piece_count; i++) {
        const struct process_piece *piece = &process->pieces[i];
        struct process_memory *memory =
            piece->is_environment ? &process->environment : &process->arguments;
        uint64_t from = piece->offset > offset ? piece->offset : offset;
        uint64_t end = piece->offset + piece->len;

        if (end > offset + len)
            end = offset + len;
        if (from >= end)
            continue;
        memcpy(memory->bytes + piece->at + (from - piece->offset),
               (const char *)bytes + (from - offset), (size_t)(end - from));
        memory->have += (size_t)(end - from);
    }
}
