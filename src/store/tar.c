// SPDX-License-Identifier: Apache-2.0
#include "store/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/memory.h"

enum { END_BYTES = 2 * TAR_BLOCK_BYTES };

static void discard_archive(struct archive *archive)
{
    archive_write_free(archive);
}
DEFINE_CLEANUP(struct archive *, discard_archive);
DEFINE_CLEANUP(struct archive_entry *, archive_entry_free);

/* An archive of at most `size` bytes in memory. GNU tar's dialect has one header block for a file
 * of any size; ustar ends at 8 GiB, and pax has more blocks for what is larger. */
static struct archive *open_archive(uint8_t *memory, size_t size, size_t *used)
{
    cleanup(discard_archivep) struct archive *archive = archive_write_new();

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

static int failed(struct archive *archive, struct error *error)
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
    cleanup(discard_archivep) struct archive *archive = open_archive(block, TAR_BLOCK_BYTES, &used);

    if (!archive || write_header(archive, name, size) || used != TAR_BLOCK_BYTES)
        return failed(archive, error);
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
    cleanup(discard_archivep) struct archive *archive = open_archive(memory, size, &used);

    if (!archive || write_members(archive, members, count))
        return failed(archive, error);
    *tail = steal(memory);
    *len = used;
    return 0;
}
