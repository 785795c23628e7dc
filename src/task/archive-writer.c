// SPDX-License-Identifier: Apache-2.0
#include "task/archive-writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/memory.h"

void archive_writer_init(struct archive_writer *writer, const char *path, int fd, bool may_replace,
                         struct progress *progress, struct cancel *cancel)
{
    *writer = (struct archive_writer){.fd = path ? -1 : fd, .progress = progress, .cancel = cancel};
    output_file_init(&writer->file, path ? path : "");
    writer->file.may_replace = may_replace;
    writer->file.file.mode = 0600; /* memory pages hold secrets */
}

int archive_writer_open(struct archive_writer *writer, struct error *error)
{
    return writer->fd < 0 ? output_file_open(&writer->file, error) : 0;
}

int archive_writer_publish(struct archive_writer *writer, struct error *error)
{
    return writer->fd < 0 ? output_file_publish(&writer->file, error) : 0;
}

void archive_writer_done(struct archive_writer *writer)
{
    output_file_done(&writer->file);
}

/* PIPE_BUF bytes at once, so that a write() that poll() has promised does not block. */
static int write_to_fd(const struct archive_writer *writer, const char *data, size_t len,
                       struct error *error)
{
    while (len > 0) {
        ssize_t written;

        if (cancel_poll(writer->cancel, writer->fd, POLLOUT, error))
            return -1;
        written = write(writer->fd, data, len < PIPE_BUF ? len : PIPE_BUF);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return error_set_errno(error, errno, "write the archive to standard output");
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        }
    }
    return 0;
}

struct tee {
    struct source source;
    struct source *inner;
    struct archive_writer *writer;
};

static int tee_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct tee *tee = (struct tee *)source;
    struct archive_writer *writer = tee->writer;
    int more = source_next(tee->inner, data, len, error);

    if (more <= 0)
        return more;
    if (writer->fd < 0 ? tmpfile_append(&writer->file.file, *data, *len, error)
                       : write_to_fd(writer, *data, *len, error))
        return -1;
    atomic_fetch_add(&writer->progress->bytes_sent, (int64_t)*len);
    return 1;
}

static void tee_free(struct source *source)
{
    struct tee *tee = (struct tee *)source;

    source_free(tee->inner);
    free(tee);
}

struct source *archive_writer_tee(struct archive_writer *writer, struct source *inner)
{
    static const struct source_ops ops = {.next = tee_next, .free = tee_free};
    struct tee *tee = NEW(struct tee);

    tee->source.ops = &ops;
    tee->inner = inner;
    tee->writer = writer;
    return &tee->source;
}
