// SPDX-License-Identifier: Apache-2.0
#include "archive/archive-reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/memory.h"

enum {
    /* POSIX.1-1988 ustar: two blocks of zeros end an archive. */
    TAR_END_BYTES = 1024,
    /* From a registry a hop is a request: what is shorter comes sooner by itself. */
    HOP_MIN_BYTES = 4 << 20,
};

struct archive_reader {
    struct archive *archive;
    struct member member;
    char *path; /* the member's */

    /* Between libarchive, which pulls, and the source. */
    struct source *tar;
    uint64_t bytes;          /* handed on so far */
    uint64_t trailing_zeros; /* how many of the last of them are 0 */
    uint64_t hops_within;    /* size of a source that can go forward; 0: it cannot */
    bool source_failed;
    struct error source_error;
    bool failed;      /* nothing more can be read */
    enum check fault; /* why */

    struct tar_headers headers;
    uint64_t end_mark; /* where it is expected to begin */
    bool opened, ended;
};

static void count_trailing_zeros(struct archive_reader *reader, const uint8_t *data, size_t len)
{
    reader->bytes += len;
    /* Equal to itself one byte further on: all bytes are the same. memcmp() is quick at it. */
    if (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0) {
        reader->trailing_zeros += len;
        return;
    }
    reader->trailing_zeros = 0;
    while (data[len - 1 - reader->trailing_zeros] == 0)
        reader->trailing_zeros++;
}

static la_ssize_t feed(struct archive *archive, void *context, const void **data)
{
    struct archive_reader *reader = context;
    size_t len = 0;
    int more = source_next(reader->tar, data, &len, &reader->source_error);

    if (more < 0) {
        reader->source_failed = true;
        archive_set_error(archive, EIO, "%s", reader->source_error.text);
        return ARCHIVE_FATAL;
    }
    if (more > 0) {
        count_trailing_zeros(reader, *data, len);
        tar_headers_pass(&reader->headers, *data, len);
    }
    return (la_ssize_t)len;
}

/* May pass over less than is asked for: libarchive reads the rest. */
static la_int64_t hop(struct archive *archive, void *context, la_int64_t request)
{
    struct archive_reader *reader = context;
    uint64_t left = reader->hops_within - reader->bytes;

    if (request < HOP_MIN_BYTES || left < HOP_MIN_BYTES)
        return 0;
    if ((uint64_t)request > left)
        request = (la_int64_t)left;
    if (source_seek(reader->tar, reader->bytes + (uint64_t)request, &reader->source_error)) {
        reader->source_failed = true;
        archive_set_error(archive, EIO, "%s", reader->source_error.text);
        return ARCHIVE_FATAL;
    }
    tar_headers_hop(&reader->headers, (uint64_t)request);
    reader->bytes += (uint64_t)request;
    reader->trailing_zeros = 0;
    return request;
}

struct archive_reader *archive_reader_new(struct source *tar, const char *container)
{
    struct archive_reader *reader = NEW(struct archive_reader);

    tar_headers_init(&reader->headers);
    reader->tar = tar;
    reader->member.container = container;
    reader->archive = archive_read_new();
    if (!reader->archive)
        abort();
    archive_read_support_format_tar(reader->archive);
    archive_read_support_format_gnutar(reader->archive);
    return reader;
}

void archive_reader_free(struct archive_reader *reader)
{
    if (!reader)
        return;
    archive_read_free(reader->archive);
    tar_headers_done(&reader->headers);
    free(reader->path);
    free(reader);
}

void archive_reader_may_hop(struct archive_reader *reader, uint64_t size)
{
    reader->hops_within = size;
}

/* The source's own error, if that is why libarchive failed; else libarchive's as a refusal. */
static int refuse(struct archive_reader *reader, struct error *error)
{
    reader->failed = true;
    reader->fault = reader->source_failed ? CHECK_COUNT : CHECK_DAMAGED_ARCHIVE;
    if (reader->source_failed) {
        *error = reader->source_error;
        return -1;
    }
    return error_set(error, ERROR_ARCHIVE, "not a whole tar archive: %s",
                     archive_error_string(reader->archive));
}

static enum member_type type_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry))
        return MEMBER_HARD_LINK;
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return MEMBER_FILE;
    case AE_IFDIR:
        return MEMBER_DIRECTORY;
    case AE_IFLNK:
        return MEMBER_SYMLINK;
    case AE_IFCHR:
        return MEMBER_CHARACTER_DEVICE;
    case AE_IFBLK:
        return MEMBER_BLOCK_DEVICE;
    case AE_IFIFO:
        return MEMBER_FIFO;
    default:
        return MEMBER_OTHER;
    }
}

/* Of the first header of the member that libarchive has come to. */
static uint64_t header_position(const struct archive_reader *reader)
{
    return (uint64_t)archive_read_header_position(reader->archive);
}

static void fill_member(struct archive_reader *reader, struct archive_entry *entry)
{
    struct member *member = &reader->member;
    const char *raw = archive_entry_pathname(entry);

    free(reader->path);
    member->raw_path = raw ? raw : "";
    member->path = reader->path = member_path_clean(member->raw_path);
    member->type = type_of(entry);
    member->link = archive_entry_hardlink(entry);
    if (!member->link)
        member->link = archive_entry_symlink(entry);
    member->mode = archive_entry_perm(entry);
    member->size = member->type == MEMBER_FILE && archive_entry_size(entry) > 0
                       ? (uint64_t)archive_entry_size(entry)
                       : 0;
    member->offset = (uint64_t)archive_filter_bytes(reader->archive, 0);
    member->header_bytes = member->offset - header_position(reader);
    member->mtime = archive_entry_mtime(entry);
    member->device_major = (unsigned)archive_entry_rdevmajor(entry);
    member->device_minor = (unsigned)archive_entry_rdevminor(entry);
    tar_headers_match(&reader->headers, header_position(reader), member);
}

/* Not in archive_reader_new(): libarchive reads at once. */
static int open_archive(struct archive_reader *reader, struct error *error)
{
    if (reader->opened)
        return 0;
    reader->opened = true;
    if (archive_read_open2(reader->archive, reader, NULL, feed, reader->hops_within ? hop : NULL,
                           NULL) != ARCHIVE_OK)
        return refuse(reader, error);
    return 0;
}

/* libarchive may give up on the first of a member's headers, and the next ones tell why. */
static void pass_torn_headers(struct archive_reader *reader)
{
    struct error ignored;
    const void *data;
    size_t len;

    while (!reader->source_failed && tar_headers_are_torn(&reader->headers) &&
           source_next(reader->tar, &data, &len, &ignored) > 0)
        tar_headers_pass(&reader->headers, data, len);
}

int archive_reader_next(struct archive_reader *reader, const struct member **member,
                        struct error *error)
{
    struct archive_entry *entry;
    int result;

    if (open_archive(reader, error) < 0)
        return -1;
    result = archive_read_next_header(reader->archive, &entry);
    if (result == ARCHIVE_EOF) {
        reader->end_mark = header_position(reader);
        reader->ended = true;
        tar_headers_end(&reader->headers);
        return 0;
    }
    /* A warning is of a name that is no UTF-8, and of what the strict reader refuses itself. */
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
        pass_torn_headers(reader);
        return refuse(reader, error);
    }
    fill_member(reader, entry);
    *member = &reader->member;
    return 1;
}

int archive_reader_content(struct archive_reader *reader, const void **data, size_t *len,
                           struct error *error)
{
    la_int64_t offset;
    int result;

    do
        result = archive_read_data_block(reader->archive, data, len, &offset);
    while (result == ARCHIVE_OK && *len == 0);
    if (result == ARCHIVE_EOF)
        return 0;
    return result == ARCHIVE_OK ? 1 : refuse(reader, error);
}

/* libarchive stops at the end mark, or where the file ends without one. Whatever follows must be
 * padding: other readers would go on behind it, and see another archive than we have checked. */
static int check_end(struct archive_reader *reader, struct error *error)
{
    reader->fault = CHECK_DAMAGED_ARCHIVE;
    if (reader->bytes < reader->end_mark + TAR_END_BYTES)
        return error_set(error, ERROR_ARCHIVE,
                         "not a whole tar archive: the end-of-archive mark is missing");
    reader->fault = CHECK_TRAILING_DATA;
    if (reader->trailing_zeros < reader->bytes - reader->end_mark)
        return error_set(error, ERROR_ARCHIVE,
                         "not a plain tar archive: there is data behind the end-of-archive mark");
    return 0;
}

int archive_reader_finish(struct archive_reader *reader, struct error *error)
{
    const void *data;
    size_t len;
    int more;

    while ((more = source_next(reader->tar, &data, &len, error)) > 0)
        count_trailing_zeros(reader, data, len);
    reader->fault = CHECK_COUNT;
    if (more == 0 && check_end(reader, error) == 0)
        return 0;
    reader->failed = true;
    return -1;
}

bool archive_reader_failed(const struct archive_reader *reader)
{
    return reader->failed;
}

enum check archive_reader_fault(const struct archive_reader *reader)
{
    return reader->fault;
}

const struct tar_fault *archive_reader_oddity(const struct archive_reader *reader)
{
    const struct tar_fault *fault = tar_headers_fault(&reader->headers);
    bool is_ahead;

    /* How far the bytes are ahead of libarchive is chance: what it has not come to does not count.
     */
    if (reader->failed)
        is_ahead = !reader->path || tar_headers_are_ahead(&reader->headers);
    else
        is_ahead = !reader->ended && fault && fault->offset > header_position(reader);
    return is_ahead ? NULL : fault;
}

uint64_t archive_reader_bytes(const struct archive_reader *reader)
{
    return reader->bytes;
}
