// SPDX-License-Identifier: Apache-2.0
#include "archive/inner-tar.h"

#include <fnmatch.h>
#include <string.h>

#include "base/memory.h"
#include "stream/codec.h"

struct plain_guard {
    struct source source;
    struct source *inner;
    struct findings *findings;
    uint8_t head[CODEC_MAGIC_MAX_LEN]; /* the first bytes that have come */
    size_t head_len;
};

static int report_compression(struct findings *findings, const char *name, struct error *error)
{
    if (!findings)
        return error_set(error, ERROR_ARCHIVE, "it begins as data compressed with %s does", name);
    return finding_report_fatal(findings, CHECK_OTHER_COMPRESSION, NULL, error,
                                "it begins as data compressed with %s does: unpack it first, and "
                                "take the tar that comes out",
                                name);
}

static int plain_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct plain_guard *self = (struct plain_guard *)source;
    int more = source_next(self->inner, data, len, error);
    size_t room = sizeof self->head - self->head_len;
    const char *unread;

    if (more <= 0 || room == 0)
        return more;
    if (*len < room)
        room = *len;
    memcpy(self->head + self->head_len, *data, room);
    self->head_len += room;
    unread = codec_unread(self->head, self->head_len);
    return unread ? report_compression(self->findings, unread, error) : 1;
}

static int plain_seek(struct source *source, uint64_t offset, struct error *error)
{
    return source_seek(((struct plain_guard *)source)->inner, offset, error);
}

static void plain_free(struct source *source)
{
    source_free(((struct plain_guard *)source)->inner);
    free(source);
}

struct source *plain_guard_new(struct source *inner, struct findings *findings)
{
    static const struct source_ops ops = {.next = plain_next,
                                          .seek = plain_seek,
                                          .free = plain_free};
    struct plain_guard *self = NEW(struct plain_guard);

    self->source.ops = &ops;
    self->inner = inner;
    self->findings = findings;
    return &self->source;
}

enum inner_tar inner_tar_kind(const char *path)
{
    static const struct {
        const char *pattern;
        enum inner_tar kind;
    } known[] = {
        {"rootfs-diff.tar", INNER_TAR_ROOTFS},
        {"devshm-checkpoint.tar", INNER_TAR_SHM},
        /* tmpfs-dev-DEVICE, and where that is missing tmpfs-MOUNT: CRIU, filesystems.c:441. */
        {"checkpoint/tmpfs-*.tar.gz.img", INNER_TAR_TMPFS},
        {"volumes/*.tar", INNER_TAR_VOLUME},
    };

    for (size_t i = 0; path && i < sizeof known / sizeof *known; i++)
        if (fnmatch(known[i].pattern, path, FNM_PATHNAME) == 0)
            return known[i].kind;
    return INNER_TAR_NONE;
}

/* The content of a reader's member; the first bytes have been looked at before. */
struct content_source {
    struct source source;
    struct archive_reader *outer;
    uint8_t magic[CODEC_MAGIC_MAX_LEN];
    size_t magic_len;
    bool magic_given;
    const uint8_t *rest; /* of the block that the magic ended in */
    size_t rest_len;
};

static int content_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct content_source *self = (struct content_source *)source;

    if (!self->magic_given) {
        self->magic_given = true;
        *data = self->magic;
        *len = self->magic_len;
        return 1;
    }
    if (self->rest_len > 0) {
        *data = self->rest;
        *len = self->rest_len;
        self->rest_len = 0;
        return 1;
    }
    return archive_reader_content(self->outer, data, len, error);
}

static void content_free(struct source *source)
{
    free(source);
}

static int read_magic(struct content_source *self, struct error *error)
{
    const void *data;
    size_t len, room;
    int more;

    while ((room = sizeof self->magic - self->magic_len) > 0) {
        if ((more = archive_reader_content(self->outer, &data, &len, error)) <= 0)
            return more;
        if (len < room)
            room = len;
        memcpy(self->magic + self->magic_len, data, room);
        self->magic_len += room;
        self->rest = (const uint8_t *)data + room;
        self->rest_len = len - room;
    }
    return 0;
}

int inner_tar_source_new(struct archive_reader *outer, const char *container,
                         struct expansion *expansion, struct source **ret, struct error *error)
{
    static const struct source_ops ops = {.next = content_next, .free = content_free};
    cleanup_free struct content_source *self = NEW(struct content_source);
    enum compression compression;
    struct source *source;

    self->source.ops = &ops;
    self->outer = outer;
    if (read_magic(self, error) < 0)
        return -1;
    if (self->magic_len == 0) {
        *ret = NULL;
        return 0;
    }
    compression = codec_detect(self->magic, self->magic_len)->compression;
    source = &steal(self)->source;
    if (compression == COMPRESSION_NONE) {
        *ret = plain_guard_new(source, NULL);
        return 0;
    }
    if (!expansion->is_archive_compressed)
        source = expansion_count_new(source, expansion);
    *ret = expansion_guard_new(decoding_source_new(source, compression), expansion, container);
    return 0;
}
