// SPDX-License-Identifier: Apache-2.0
#include "store/tar-index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/memory.h"
#include "store/index.h"
#include "store/tar.h"

enum {
    READ_BYTES = 64 << 10,
    NAME_MAX_LEN = sizeof "blobs/sha256/" + 64,
};

struct member {
    char name[NAME_MAX_LEN];
    struct tar_place place;
    size_t number; /* in the file */
};

struct tar_index {
    struct member *members; /* sorted by name, then by number */
    size_t count, capacity;
};

static void discard_archive(struct archive *archive)
{
    archive_read_free(archive);
}
DEFINE_CLEANUP(struct archive *, discard_archive);

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
    if (index->count == index->capacity) {
        index->capacity = index->capacity ? 2 * index->capacity : 16;
        index->members = xreallocarray(index->members, index->capacity, sizeof *index->members);
    }
    member = &index->members[index->count++];
    strcpy(member->name, name);
    member->number = number;
    member->place.size = (uint64_t)archive_entry_size(entry);
    return member;
}

static int failed(struct archive *archive, struct error *error)
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
            return failed(archive, error);
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
    cleanup(discard_archivep) struct archive *archive = archive_read_new();

    if (!archive || archive_read_support_format_tar(archive) != ARCHIVE_OK)
        return error_set(error, ERROR_FAILED, "libarchive cannot be used");
    if (archive_read_open_fd(archive, fd, READ_BYTES) != ARCHIVE_OK)
        return failed(archive, error);
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
