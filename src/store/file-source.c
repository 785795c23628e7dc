// SPDX-License-Identifier: Apache-2.0
#include "store/file-source.h"

#include <errno.h>
#include <unistd.h>

#include "base/memory.h"

enum { BLOCK_BYTES = 1 << 20 };

struct file_source {
    struct source source;
    int fd;
    uint64_t offset, size; /* of the stretch */
    uint64_t at;           /* within it */
    char *name;
    char block[BLOCK_BYTES];
};

static int file_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct file_source *self = (struct file_source *)source;
    uint64_t left = self->size - self->at;
    ssize_t got;

    if (left == 0)
        return 0;
    do
        got = pread(self->fd, self->block, left < BLOCK_BYTES ? left : BLOCK_BYTES,
                    (off_t)(self->offset + self->at));
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(error, errno, "read %s", self->name);
    if (got == 0)
        return error_set(error, ERROR_FAILED, "read %s: the file is truncated", self->name);
    self->at += (uint64_t)got;
    *data = self->block;
    *len = (size_t)got;
    return 1;
}

static int file_seek(struct source *source, uint64_t offset, struct error *error)
{
    struct file_source *self = (struct file_source *)source;

    if (offset > self->size)
        return error_set(error, ERROR_FAILED, "read %s: it has no byte %llu", self->name,
                         (unsigned long long)offset);
    self->at = offset;
    return 0;
}

static void file_free(struct source *source)
{
    struct file_source *self = (struct file_source *)source;

    close(self->fd);
    free(self->name);
    free(self);
}

struct source *file_source_new(int fd, uint64_t offset, uint64_t size, const char *name)
{
    static const struct source_ops ops = {.next = file_next, .seek = file_seek, .free = file_free};
    struct file_source *self = NEW(struct file_source);

    self->source.ops = &ops;
    self->fd = fd;
    self->offset = offset;
    self->size = size;
    self->name = xstrdup(name);
    return &self->source;
}

int tmpfile_append_source(struct tmpfile *file, struct source *source, struct progress *progress,
                          struct error *error)
{
    const void *data;
    size_t len;
    int more;

    while ((more = source_next(source, &data, &len, error)) > 0) {
        if (tmpfile_append(file, data, len, error))
            return -1;
        atomic_fetch_add(&progress->bytes_sent, (int64_t)len);
    }
    return more;
}
