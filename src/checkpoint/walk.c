// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/walk.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

/* POSIX.1-1988 ustar: two blocks of zeros end an archive. */
enum { TAR_END_BYTES = 1024 };

DEFINE_CLEANUP(struct archive *, archive_read_free);

/* Between libarchive, which pulls, and the source. */
struct feed {
    struct source *tar;
    uint64_t bytes;          /* handed on so far */
    uint64_t trailing_zeros; /* how many of the last of them are 0 */
    bool failed;
    struct error error; /* the source's, if it failed */
};

enum member { MEMBER_SPEC, MEMBER_CONFIG, MEMBER_INVENTORY, MEMBER_COUNT };
static const char *const member_names[MEMBER_COUNT] = {
    [MEMBER_SPEC] = "spec.dump",
    [MEMBER_CONFIG] = "config.dump",
    [MEMBER_INVENTORY] = "checkpoint/inventory.img",
};

static void count_trailing_zeros(struct feed *feed, const uint8_t *data, size_t len)
{
    feed->bytes += len;
    /* Equal to itself one byte further on: all bytes are the same. memcmp() is quick at it. */
    if (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0) {
        feed->trailing_zeros += len;
        return;
    }
    feed->trailing_zeros = 0;
    while (data[len - 1 - feed->trailing_zeros] == 0)
        feed->trailing_zeros++;
}

static la_ssize_t feed_read(struct archive *archive, void *context, const void **data)
{
    struct feed *feed = context;
    size_t len = 0;
    int more = source_next(feed->tar, data, &len, &feed->error);

    if (more < 0) {
        feed->failed = true;
        archive_set_error(archive, EIO, "%s", feed->error.text);
        return ARCHIVE_FATAL;
    }
    if (more > 0)
        count_trailing_zeros(feed, *data, len);
    return (la_ssize_t)len;
}

/* The source's own error, if that is why libarchive failed; else libarchive's as a refusal. */
static int refuse(const struct feed *feed, struct archive *archive, struct error *error)
{
    if (feed->failed) {
        *error = feed->error;
        return -1;
    }
    return error_set(error, ERROR_ARCHIVE, "not a whole tar archive: %s",
                     archive_error_string(archive));
}

static int keep_member(struct archive *archive, struct archive_entry *entry, struct feed *feed,
                       struct buffer *buffer, struct error *error)
{
    const char *name = archive_entry_pathname(entry);
    const void *data;
    size_t len;
    la_int64_t offset;
    int result;

    buffer_init(buffer, METADATA_MAX_BYTES);
    while ((result = archive_read_data_block(archive, &data, &len, &offset)) == ARCHIVE_OK)
        if (buffer_append(buffer, data, len) < 0)
            return error_set(error, ERROR_ARCHIVE,
                             "%s is larger than %d MiB: it cannot be a checkpoint's", name,
                             METADATA_MAX_BYTES >> 20);
    if (result != ARCHIVE_EOF)
        return refuse(feed, archive, error);
    return 0;
}

static int keep_core_head(struct archive *archive, struct feed *feed, struct buffer *head,
                          struct error *error)
{
    uint8_t bytes[CORE_HEAD_BYTES];
    la_ssize_t n = archive_read_data(archive, bytes, sizeof bytes);

    if (n < 0)
        return refuse(feed, archive, error);
    buffer_init(head, CORE_HEAD_BYTES);
    buffer_append(head, bytes, (size_t)n);
    return 0;
}

/* "./spec.dump" names the same file; engines and tar take both. */
static const char *member_path(struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);

    if (!path)
        return "";
    return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static int note_required(struct archive_entry *entry, enum member member, bool seen[MEMBER_COUNT],
                         struct error *error)
{
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
        return error_set(error, ERROR_ARCHIVE, "%s is not a regular file", member_names[member]);
    if (seen[member])
        return error_set(error, ERROR_ARCHIVE, "%s is there twice", member_names[member]);
    seen[member] = true;
    return 0;
}

static int walk_entry(struct walk *walk, struct feed *feed, struct archive *archive,
                      struct archive_entry *entry, bool seen[MEMBER_COUNT], struct error *error)
{
    const char *path = member_path(entry);
    int member = 0;

    while (member < MEMBER_COUNT && strcmp(path, member_names[member]) != 0)
        member++;
    if (member < MEMBER_COUNT && note_required(entry, member, seen, error) < 0)
        return -1;
    switch (member) {
    case MEMBER_SPEC:
        return keep_member(archive, entry, feed, &walk->spec_dump, error);
    case MEMBER_CONFIG:
        return keep_member(archive, entry, feed, &walk->config_dump, error);
    case MEMBER_INVENTORY:
        walk->inventory_time = archive_entry_mtime(entry);
        return 0;
    default:
        if (!walk->core_head.data && fnmatch("checkpoint/core-*.img", path, FNM_PATHNAME) == 0)
            return keep_core_head(archive, feed, &walk->core_head, error);
        return 0;
    }
}

static int walk_entries(struct walk *walk, struct feed *feed, struct archive *archive,
                        struct error *error)
{
    bool seen[MEMBER_COUNT] = {false};
    struct archive_entry *entry;
    int result;

    while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
        if (walk_entry(walk, feed, archive, entry, seen, error) < 0)
            return -1;
    if (result != ARCHIVE_EOF)
        return refuse(feed, archive, error);
    for (int member = 0; member < MEMBER_COUNT; member++)
        if (!seen[member])
            return error_set(error, ERROR_ARCHIVE,
                             "not a container checkpoint: %s is missing from the archive",
                             member_names[member]);
    return 0;
}

/* libarchive stops at the end mark, or where the file ends without one. Whatever follows must be
 * padding: other readers would go on behind it, and see another archive than we have checked. */
static int check_end(const struct feed *feed, uint64_t end_mark, struct error *error)
{
    if (feed->bytes < end_mark + TAR_END_BYTES)
        return error_set(error, ERROR_ARCHIVE,
                         "not a whole tar archive: the end-of-archive mark is missing");
    if (feed->trailing_zeros < feed->bytes - end_mark)
        return error_set(error, ERROR_ARCHIVE,
                         "not a plain tar archive: there is data behind the end-of-archive mark");
    return 0;
}

static int drain(struct feed *feed, struct error *error)
{
    const void *data;
    size_t len;
    int more;

    while ((more = source_next(feed->tar, &data, &len, error)) > 0)
        count_trailing_zeros(feed, data, len);
    return more;
}

int walk_archive(struct walk *ret, struct source *tar, struct error *error)
{
    cleanup(walk_done) struct walk walk = {0};
    cleanup(archive_read_freep) struct archive *archive = archive_read_new();
    struct feed feed = {.tar = tar};

    archive_read_support_format_tar(archive);
    archive_read_support_format_gnutar(archive);
    if (archive_read_open2(archive, &feed, NULL, feed_read, NULL, NULL) != ARCHIVE_OK)
        return refuse(&feed, archive, error);
    if (walk_entries(&walk, &feed, archive, error) < 0)
        return -1;
    uint64_t end_mark = (uint64_t)archive_read_header_position(archive);
    if (drain(&feed, error) < 0 || check_end(&feed, end_mark, error) < 0)
        return -1;
    walk.bytes = feed.bytes;
    *ret = walk;
    walk = (struct walk){0};
    return 0;
}

void walk_done(struct walk *walk)
{
    buffer_done(&walk->spec_dump);
    buffer_done(&walk->config_dump);
    buffer_done(&walk->core_head);
}
