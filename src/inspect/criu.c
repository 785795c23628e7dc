// SPDX-License-Identifier: Apache-2.0
#include "inspect/criu.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "checkpoint/criu-image.h"
#include "inspect/criu.pb-c.h"

/* Of pagemap_entry's flags; without flags, all that is not in_parent is present. */
enum { FLAG_PRESENT = 1 << 2 };

enum {
    COMM_MAX_BYTES = 64, /* the kernel's have 15 */
    LOG_VALUE_MAX_BYTES = 200,
    PAGES_MAX_LOG2 = 40, /* 4 PiB of the smallest pages: sums and products stay exact */
    PAGE_SIZE_MIN = 4096,
    PAGE_SIZE_MAX = 65536,
};

/* The message of an image that has but one; freed with the function for its type. NULL: the bytes
 * are no such image. */
static void *unpack_only(const ProtobufCMessageDescriptor *type, enum criu_magic magic,
                         const void *bytes, size_t len, struct error *error)
{
    const uint8_t *message;
    size_t message_len;
    void *unpacked;

    if (criu_image_only(magic, bytes, len, &message, &message_len, error))
        return NULL;
    unpacked = protobuf_c_message_unpack(type, NULL, message_len, message);
    if (!unpacked)
        criu_image_damaged(error);
    return unpacked;
}

int criu_pstree_parse(struct criu_pstree *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_pstree_done) struct criu_pstree pstree = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_PSTREE, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        Criu__Process *process = criu__process__unpack(NULL, message_len, message);

        if (!process)
            return criu_image_damaged(error);
        if (pstree.count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            pstree.entries = xreallocarray(pstree.entries, capacity, sizeof *pstree.entries);
        }
        pstree.entries[pstree.count++] =
            (struct criu_pstree_entry){process->pid, process->ppid, process->n_threads};
        criu__process__free_unpacked(process, NULL);
    }
    if (more < 0)
        return -1;
    *ret = pstree;
    pstree = (struct criu_pstree){0};
    return 0;
}

void criu_pstree_done(struct criu_pstree *pstree)
{
    free(pstree->entries);
}

int criu_core_parse(struct criu_core *ret, const void *bytes, size_t len, struct error *error)
{
    struct criu_core core = {0};
    Criu__Core *unpacked = unpack_only(&criu__core__descriptor, CRIU_MAGIC_CORE, bytes, len, error);

    if (!unpacked)
        return -1;
    if (unpacked->tc) {
        core.state = unpacked->tc->task_state;
        core.comm = unpacked->tc->comm ? xstrndup(unpacked->tc->comm, COMM_MAX_BYTES) : NULL;
    }
    if (unpacked->thread_core && unpacked->thread_core->creds) {
        const Criu__Credentials *creds = unpacked->thread_core->creds;

        core.has_creds = true;
        core.uid = creds->uid;
        core.gid = creds->gid;
        core.euid = creds->euid;
    }
    core.files_id = unpacked->ids ? unpacked->ids->files_id : 0;
    criu__core__free_unpacked(unpacked, NULL);
    *ret = core;
    return 0;
}

void criu_core_done(struct criu_core *core)
{
    free(core->comm);
}

int criu_mm_parse(struct criu_mm *mm, const void *bytes, size_t len, struct error *error)
{
    Criu__Mm *unpacked = unpack_only(&criu__mm__descriptor, CRIU_MAGIC_MM, bytes, len, error);

    if (!unpacked)
        return -1;
    *mm = (struct criu_mm){
        .arg_start = unpacked->arg_start,
        .arg_end = unpacked->arg_end,
        .env_start = unpacked->env_start,
        .env_end = unpacked->env_end,
        .exe_file_id = unpacked->exe_file_id,
    };
    criu__mm__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_ids_parse(uint32_t *files_id, const void *bytes, size_t len, struct error *error)
{
    Criu__Ids *unpacked = unpack_only(&criu__ids__descriptor, CRIU_MAGIC_IDS, bytes, len, error);

    if (!unpacked)
        return -1;
    *files_id = unpacked->files_id;
    criu__ids__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_fs_parse(struct criu_fs *fs, const void *bytes, size_t len, struct error *error)
{
    Criu__Fs *unpacked = unpack_only(&criu__fs__descriptor, CRIU_MAGIC_FS, bytes, len, error);

    if (!unpacked)
        return -1;
    *fs = (struct criu_fs){unpacked->cwd_id, unpacked->root_id};
    criu__fs__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_fdinfo_parse(struct criu_fdinfo *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_fdinfo_done) struct criu_fdinfo fdinfo = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_FDINFO, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        Criu__Fd *fd = criu__fd__unpack(NULL, message_len, message);

        if (!fd)
            return criu_image_damaged(error);
        if (fdinfo.count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            fdinfo.fds = xreallocarray(fdinfo.fds, capacity, sizeof *fdinfo.fds);
        }
        fdinfo.fds[fdinfo.count++] = (struct criu_fd){fd->fd, fd->id, fd->type};
        criu__fd__free_unpacked(fd, NULL);
    }
    if (more < 0)
        return -1;
    *ret = fdinfo;
    fdinfo = (struct criu_fdinfo){0};
    return 0;
}

void criu_fdinfo_done(struct criu_fdinfo *fdinfo)
{
    free(fdinfo->fds);
}

static bool is_in_image(const Criu__PagemapEntry *entry)
{
    if (entry->has_in_parent && entry->in_parent)
        return false;
    return !entry->has_flags || (entry->flags & FLAG_PRESENT);
}

static int add_run(struct criu_pagemap *pagemap, size_t *capacity, const Criu__PagemapEntry *entry,
                   struct error *error)
{
    uint64_t pages = entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;

    if (!is_in_image(entry))
        return 0;
    if (pages > (1ULL << PAGES_MAX_LOG2) - pagemap->pages)
        return error_set(error, ERROR_ARCHIVE, "it tells of more memory than any process has");
    if (pagemap->count && entry->vaddr <= pagemap->runs[pagemap->count - 1].vaddr)
        return error_set(error, ERROR_ARCHIVE, "its addresses are not in order");
    if (pagemap->count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 16;
        pagemap->runs = xreallocarray(pagemap->runs, *capacity, sizeof *pagemap->runs);
    }
    pagemap->runs[pagemap->count++] = (struct criu_page_run){entry->vaddr, pages, pagemap->pages};
    pagemap->pages += pages;
    return 0;
}

static int parse_head(struct criu_image *image, struct criu_pagemap *pagemap, struct error *error)
{
    const uint8_t *message;
    size_t len;
    Criu__PagemapHead *head;
    int more = criu_image_next(image, &message, &len, error);

    if (more < 0)
        return -1;
    head = more ? criu__pagemap_head__unpack(NULL, len, message) : NULL;
    if (!head)
        return criu_image_damaged(error);
    pagemap->pages_id = head->pages_id;
    criu__pagemap_head__free_unpacked(head, NULL);
    return 0;
}

/* Newer CRIU can compress pages, which fields say that are not ours. */
static int parse_entry(struct criu_pagemap *pagemap, size_t *capacity, const uint8_t *message,
                       size_t len, struct error *error)
{
    Criu__PagemapEntry *entry = criu__pagemap_entry__unpack(NULL, len, message);
    int result;

    if (!entry)
        return criu_image_damaged(error);
    if (entry->base.n_unknown_fields)
        result = error_set(error, ERROR_ARCHIVE, "it stores pages in a way that is not known");
    else
        result = add_run(pagemap, capacity, entry, error);
    criu__pagemap_entry__free_unpacked(entry, NULL);
    return result;
}

int criu_pagemap_parse(struct criu_pagemap *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_pagemap_done) struct criu_pagemap pagemap = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_PAGEMAP, bytes, len, error) ||
        parse_head(&image, &pagemap, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0)
        if (parse_entry(&pagemap, &capacity, message, message_len, error))
            return -1;
    if (more < 0)
        return -1;
    *ret = pagemap;
    pagemap = (struct criu_pagemap){0};
    return 0;
}

void criu_pagemap_done(struct criu_pagemap *pagemap)
{
    free(pagemap->runs);
}

uint64_t criu_pagemap_page_size(const struct criu_pagemap *pagemap, uint64_t image_size)
{
    for (uint64_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2)
        if (pagemap->pages > 0 && pagemap->pages * size == image_size)
            return size;
    return 0;
}

int criu_pagemap_find(const struct criu_pagemap *pagemap, uint64_t page_size, uint64_t vaddr,
                      uint64_t *offset, uint64_t *len)
{
    size_t low = 0, high = pagemap->count;
    const struct criu_page_run *run;

    /* The last run that does not begin behind the address. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pagemap->runs[middle].vaddr <= vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return -1;
    run = &pagemap->runs[low - 1];
    if (vaddr - run->vaddr >= run->pages * page_size)
        return -1;
    *offset = run->pages_before * page_size + (vaddr - run->vaddr);
    *len = run->pages * page_size - (vaddr - run->vaddr);
    return 0;
}

/* CRIU keeps an address in words whose bytes are in network order. */
static void format_address(uint32_t family, size_t count, const uint32_t *words, char *text)
{
    size_t needed = family == AF_INET6 ? 4 : 1;

    if ((family != AF_INET && family != AF_INET6) || count < needed ||
        !inet_ntop((int)family, words, text, CRIU_ADDRESS_SIZE))
        text[0] = '\0';
}

static void read_internet_socket(struct criu_socket *socket, const Criu__InternetSocket *from)
{
    socket->family = from->family;
    socket->type = from->type;
    socket->protocol = from->proto;
    socket->state = from->state;
    socket->source_port = from->src_port;
    socket->destination_port = from->dst_port;
    format_address(from->family, from->n_src_addr, from->src_addr, socket->source);
    format_address(from->family, from->n_dst_addr, from->dst_addr, socket->destination);
    if (from->opts) {
        socket->send_buffer = from->opts->so_sndbuf;
        socket->receive_buffer = from->opts->so_rcvbuf;
    }
}

static void read_unix_socket(struct criu_file *file, const Criu__UnixSocket *from)
{
    file->socket.family = AF_UNIX;
    file->socket.type = from->type;
    file->socket.state = from->state;
    file->socket.inode = from->ino;
    file->socket.peer = from->peer;
    file->name_len = from->name.len;
    file->name = xcalloc(from->name.len + 1, 1);
    if (from->name.len)
        memcpy(file->name, from->name.data, from->name.len);
}

static void read_file(struct criu_file *file, const Criu__File *from)
{
    *file = (struct criu_file){.id = from->id, .type = from->type};
    if (from->reg && from->reg->name) {
        file->name = xstrdup(from->reg->name);
        file->name_len = strlen(file->name);
    } else if (from->usk) {
        read_unix_socket(file, from->usk);
    } else if (from->isk) {
        read_internet_socket(&file->socket, from->isk);
    } else if (from->nlsk) {
        file->socket.family = AF_NETLINK;
        file->socket.protocol = from->nlsk->protocol;
    } else if (from->pipe) {
        file->pipe_id = from->pipe->pipe_id;
    } else if (from->fifo) {
        file->pipe_id = from->fifo->pipe_id;
        file->named_by = from->fifo->regf_id;
    }
}

static int compare_ids(const void *a, const void *b)
{
    const struct criu_file *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

int criu_files_parse(struct criu_files *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_files_done) struct criu_files files = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_FILES, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        Criu__File *file = criu__file__unpack(NULL, message_len, message);

        if (!file)
            return criu_image_damaged(error);
        if (files.count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            files.files = xreallocarray(files.files, capacity, sizeof *files.files);
        }
        read_file(&files.files[files.count++], file);
        criu__file__free_unpacked(file, NULL);
    }
    if (more < 0)
        return -1;
    if (files.count)
        qsort(files.files, files.count, sizeof *files.files, compare_ids);
    *ret = files;
    files = (struct criu_files){0};
    return 0;
}

void criu_files_done(struct criu_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->files[i].name);
    free(files->files);
}

const struct criu_file *criu_files_find(const struct criu_files *files, uint32_t id)
{
    const struct criu_file key = {.id = id};

    if (files->count == 0)
        return NULL;
    return bsearch(&key, files->files, files->count, sizeof key, compare_ids);
}

int criu_stats_parse(struct criu_stats *stats, const void *bytes, size_t len, struct error *error)
{
    Criu__Stats *unpacked =
        unpack_only(&criu__stats__descriptor, CRIU_MAGIC_STATS, bytes, len, error);
    const Criu__DumpStats *dump;

    if (!unpacked)
        return -1;
    dump = unpacked->dump;
    if (!dump) {
        criu__stats__free_unpacked(unpacked, NULL);
        return error_set(error, ERROR_ARCHIVE, "it does not tell of a dump");
    }
    *stats = (struct criu_stats){
        .freezing_time_us = dump->freezing_time,
        .frozen_time_us = dump->frozen_time,
        .memdump_time_us = dump->memdump_time,
        .memwrite_time_us = dump->memwrite_time,
        .pages_scanned = dump->pages_scanned,
        .pages_skipped_parent = dump->pages_skipped_parent,
        .pages_written = dump->pages_written,
    };
    criu__stats__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_inventory_parse(struct criu_inventory *inventory, const void *bytes, size_t len,
                         struct error *error)
{
    Criu__Inventory *unpacked =
        unpack_only(&criu__inventory__descriptor, CRIU_MAGIC_INVENTORY, bytes, len, error);

    if (!unpacked)
        return -1;
    *inventory = (struct criu_inventory){unpacked->img_version, unpacked->lsmtype};
    criu__inventory__free_unpacked(unpacked, NULL);
    return 0;
}

/* What follows `key` on its line. */
static char *log_value(const char *text, size_t len, const char *key)
{
    const char *at = memmem(text, len, key, strlen(key)), *end;
    size_t rest;

    if (!at)
        return NULL;
    at += strlen(key);
    rest = len - (size_t)(at - text);
    end = memchr(at, '\n', rest);
    if (!end || end - at > LOG_VALUE_MAX_BYTES)
        return NULL;
    return xstrndup(at, (size_t)(end - at));
}

/* "(00.000116) Version: 4.2 (gitid v4.2)", "(00.000128) Running on node1 Linux 6.1.0 #1 SMP ..." */
void criu_log_parse(const void *bytes, size_t len, char **version, char **kernel)
{
    char *host = log_value(bytes, len, ") Running on "), *linux_at;

    *version = log_value(bytes, len, ") Version: ");
    if (*version)
        (*version)[strcspn(*version, " ")] = '\0';
    *kernel = NULL;
    linux_at = host ? strstr(host, " Linux ") : NULL;
    if (linux_at) {
        linux_at += strlen(" Linux ");
        *kernel = xstrndup(linux_at, strcspn(linux_at, " "));
    }
    free(host);
}
