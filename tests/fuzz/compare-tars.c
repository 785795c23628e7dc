// SPDX-License-Identifier: Apache-2.0
#include "compare-tars.h"

#include <inttypes.h>
#include <string.h>

#include "archive/archive-reader.h"
#include "go-tar.h"

/* Bytes in memory, in pieces. */
struct bytes {
    struct source source;
    const uint8_t *data;
    size_t len, piece;
};

static int bytes_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct bytes *self = (struct bytes *)source;

    (void)error;
    *data = self->data;
    *len = self->piece < self->len ? self->piece : self->len;
    self->data += *len;
    self->len -= *len;
    return *len > 0;
}

static void add_line(struct buffer *lines, char type, unsigned mode, uint64_t size, int64_t content,
                     const char *path, const char *link, unsigned long major, unsigned long minor)
{
    cleanup_free char *line =
        xasprintf("%c %04o %" PRIu64 " %" PRId64 " %s%s%s %lu,%lu\n", type, mode, size, content,
                  path, link ? " -> " : "", link ? link : "", major, minor);

    buffer_append(lines, line, strlen(line));
}

static bool is_device(char type)
{
    return type == '3' || type == '4';
}

/* Of a member with holes the place of the content is libarchive's to find. */
static void add_member(struct buffer *lines, const struct member *member)
{
    static const char types[] = {
        [MEMBER_FILE] = '0',
        [MEMBER_DIRECTORY] = '5',
        [MEMBER_SYMLINK] = '2',
        [MEMBER_HARD_LINK] = '1',
        [MEMBER_CHARACTER_DEVICE] = '3',
        [MEMBER_BLOCK_DEVICE] = '4',
        [MEMBER_FIFO] = '6',
        [MEMBER_OTHER] = '?',
    };
    char type = types[member->type];

    add_line(lines, type, member->mode & 07777, member->size,
             member->sparse ? -1 : (int64_t)member->offset, member->raw_path, member->link,
             is_device(type) ? member->device_major : 0,
             is_device(type) ? member->device_minor : 0);
}

static bool is_odd(const struct archive_reader *reader, char **why)
{
    const struct tar_fault *fault = archive_reader_oddity(reader);

    if (fault)
        *why = xasprintf("%s: %s", check_info(fault->check)->name, fault->what);
    return fault;
}

char *tar_members(const uint8_t *data, size_t size, size_t piece, char **why)
{
    static const struct source_ops ops = {.next = bytes_next};
    struct bytes bytes = {{&ops}, data, size, piece};
    cleanup(archive_reader_freep) struct archive_reader *reader =
        archive_reader_new(&bytes.source, NULL);
    cleanup(buffer_done) struct buffer lines = {0};
    const struct member *member;
    struct error error = {0};
    int more;

    *why = NULL;
    buffer_init(&lines, SIZE_MAX / 4);
    buffer_append(&lines, "", 0);
    while ((more = archive_reader_next(reader, &member, &error)) > 0) {
        if (is_odd(reader, why))
            return NULL;
        add_member(&lines, member);
    }
    if (is_odd(reader, why))
        return NULL;
    if (more < 0 || archive_reader_finish(reader, &error) < 0) {
        *why = xstrdup(error.text);
        return NULL;
    }
    return steal(lines.data);
}

char *go_members(const uint8_t *data, size_t size)
{
    cleanup(go_tar_done) struct go_tar tar;
    cleanup(buffer_done) struct buffer lines = {0};

    go_tar_read(&tar, data, size);
    buffer_init(&lines, SIZE_MAX / 4);
    buffer_append(&lines, "", 0);
    for (size_t i = 0; i < tar.count; i++) {
        const struct go_member *member = &tar.members[i];
        char type = member->type == 'S' ? '0' : member->type;
        bool is_link = type == '1' || type == '2';
        bool is_mode_odd = member->mode < 0 || member->mode > 0177777;

        if (type == 'g')
            continue;
        add_line(&lines, type, is_mode_odd ? 077777 : (unsigned)member->mode & 07777,
                 (uint64_t)member->size, member->sparse ? -1 : member->content, member->name,
                 is_link ? member->link : NULL,
                 is_device(type) ? (unsigned long)member->device_major : 0,
                 is_device(type) ? (unsigned long)member->device_minor : 0);
    }
    return tar.is_good ? steal(lines.data) : NULL;
}

enum tar_verdict tar_compare(const uint8_t *data, size_t size, size_t piece, char **why)
{
    cleanup_free char *ours = tar_members(data, size, piece, why);
    cleanup_free char *go = NULL;

    if (!ours)
        return TAR_REFUSED;
    go = go_members(data, size);
    if (go && strcmp(ours, go) == 0)
        return TAR_ACCEPTED;
    *why = xasprintf("here:\n%sby Go's rules:\n%s", ours, go ? go : "an error\n");
    return TAR_DIFFERS;
}
