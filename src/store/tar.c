// SPDX-License-Identifier: Apache-2.0
#include "store/tar.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/memory.h"
#include "store/layout-files.h"

enum {
    END_BYTES = 2 * TAR_BLOCK_BYTES,
    READ_BYTES = 64 << 10,
    NAME_MAX_LEN = sizeof LAYOUT_BLOBS "/" + SHA256_HEX_LEN,
};

DEFINE_CLEANUP(struct archive *, archive_free);
DEFINE_CLEANUP(struct archive_entry *, archive_entry_free);

/* An archive of at most `size` bytes in memory. GNU tar's dialect has one header block for a file
 * of any size; ustar ends at 8 GiB, and pax has more blocks for what is larger. */
static struct archive *open_archive(uint8_t *memory, size_t size, size_t *used)
{
    cleanup(archive_freep) struct archive *archive = archive_write_new();

    if (!archive || archive_write_set_format_gnutar(archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(archive, 0) != ARCHIVE_OK ||
        archive_write_open_memory(archive, memory, size, used) != ARCHIVE_OK)
        return NULL;
    return steal(archive);
}

static int write_header(struct archive *archive, const char *name, uint64_t size)
{
    cleanup(archive_entry_freep) struct archive_entry *entry = archive_entry_new();

    if (!entry)
        return -1;
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    return archive_write_header(archive, entry) == ARCHIVE_OK ? 0 : -1;
}

static int write_member(struct archive *archive, const struct tar_member *member)
{
    if (write_header(archive, member->name, member->len))
        return -1;
    return archive_write_data(archive, member->data, member->len) == (la_ssize_t)member->len ? 0
                                                                                             : -1;
}

static int write_members(struct archive *archive, const struct tar_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (write_member(archive, &members[i]))
            return -1;
    return archive_write_close(archive) == ARCHIVE_OK ? 0 : -1;
}

static int cannot_write(struct archive *archive, struct error *error)
{
    const char *reason = archive ? archive_error_string(archive) : NULL;

    return error_set(error, ERROR_FAILED, "make a tar header: %s",
                     reason ? reason : "libarchive gives no reason");
}

int tar_file_header(uint8_t block[TAR_BLOCK_BYTES], const char *name, uint64_t size,
                    struct error *error)
{
    size_t used = 0;
    /* Behind the header the memory is full, and the bytes of the member that libarchive makes up
     * when it is freed go nowhere. */
    cleanup(archive_freep) struct archive *archive = open_archive(block, TAR_BLOCK_BYTES, &used);

    if (!archive || write_header(archive, name, size) || used != TAR_BLOCK_BYTES)
        return cannot_write(archive, error);
    return 0;
}

static size_t tail_size(const struct tar_member *members, size_t count)
{
    size_t size = END_BYTES;

    for (size_t i = 0; i < count; i++)
        size += TAR_BLOCK_BYTES + tar_padded(members[i].len);
    return size;
}

int tar_tail(uint8_t **tail, size_t *len, const struct tar_member *members, size_t count,
             struct error *error)
{
    size_t size = tail_size(members, count), used = 0;
    cleanup_free uint8_t *memory = xcalloc(size, 1);
    cleanup(archive_freep) struct archive *archive = open_archive(memory, size, &used);

    if (!archive || write_members(archive, members, count))
        return cannot_write(archive, error);
    *tail = steal(memory);
    *len = used;
    return 0;
}

struct member {
    char name[NAME_MAX_LEN];
    struct tar_place place;
    size_t number; /* in the file */
};

struct tar_index {
    struct member *members; /* sorted by name, then by number */
    size_t count, capacity;
};

void tar_index_free(struct tar_index *index)
{
    if (!index)
        return;
    free(index->members);
    free(index);
}

static bool is_of_layout(const char *name)
{
    return strcmp(name, LAYOUT_INDEX_FILE) == 0 || strcmp(name, LAYOUT_FILE) == 0 ||
           (strncmp(name, LAYOUT_BLOBS "/", strlen(LAYOUT_BLOBS "/")) == 0 &&
            strlen(name) < NAME_MAX_LEN);
}

/* The member, if it is worth keeping; its offset is not known before the next header is. */
static struct member *keep(struct tar_index *index, struct archive_entry *entry, size_t number,
                           struct error *error)
{
    const char *name = archive_entry_pathname(entry);
    struct member *member;

    if (name && strncmp(name, "./", 2) == 0)
        name += 2;
    if (!name || !is_of_layout(name) || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) || archive_entry_sparse_count(entry) > 0)
        return NULL;
    if (index->count == TAR_INDEX_MAX_KEPT) {
        error_set(error, ERROR_FAILED, "more than %d blobs in it", TAR_INDEX_MAX_KEPT);
        return NULL;
    }
    index->members = xgrow(index->members, index->count, &index->capacity, sizeof *index->members);
    member = &index->members[index->count++];
    strcpy(member->name, name);
    member->number = number;
    member->place.size = (uint64_t)archive_entry_size(entry);
    return member;
}

static int cannot_read(struct archive *archive, struct error *error)
{
    const char *reason = archive_error_string(archive);

    return error_set(error, ERROR_FAILED, "no plain tar file: %s", reason ? reason : "no reason");
}

static int read_headers(struct tar_index *index, struct archive *archive, struct error *error)
{
    struct member *member = NULL;

    for (size_t number = 0; number < TAR_INDEX_MAX_MEMBERS; number++) {
        struct archive_entry *entry;
        int result = archive_read_next_header(archive, &entry);

        if (result != ARCHIVE_OK && result != ARCHIVE_EOF && result != ARCHIVE_WARN)
            return cannot_read(archive, error);
        /* What libarchive tells is where a header begins, and there the one before has ended. */
        if (member)
            member->place.offset =
                (uint64_t)archive_read_header_position(archive) - tar_padded(member->place.size);
        if (result == ARCHIVE_EOF)
            return 0;
        error->kind = ERROR_NONE;
        member = keep(index, entry, number, error);
        if (error->kind != ERROR_NONE)
            return -1;
    }
    return error_set(error, ERROR_FAILED, "more than %d members in it", TAR_INDEX_MAX_MEMBERS);
}

static int compare(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int names = strcmp(left->name, right->name);

    if (names)
        return names;
    return left->number < right->number ? -1 : left->number > right->number;
}

int tar_index_new(struct tar_index **ret, int fd, struct error *error)
{
    cleanup(tar_index_freep) struct tar_index *index = NEW(struct tar_index);
    cleanup(archive_freep) struct archive *archive = archive_read_new();

    if (!archive || archive_read_support_format_tar(archive) != ARCHIVE_OK)
        return error_set(error, ERROR_FAILED, "libarchive cannot be used");
    if (archive_read_open_fd(archive, fd, READ_BYTES) != ARCHIVE_OK)
        return cannot_read(archive, error);
    if (read_headers(index, archive, error))
        return -1;
    if (index->count)
        qsort(index->members, index->count, sizeof *index->members, compare);
    *ret = steal(index);
    return 0;
}

const struct tar_place *tar_index_find(const struct tar_index *index, const char *name)
{
    const struct tar_place *found = NULL;
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(index->members[middle].name, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && strcmp(index->members[low - 1].name, name) == 0)
        found = &index->members[low - 1].place;
    return found;
}
