// SPDX-License-Identifier: Apache-2.0
#include "stream/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

enum { COMPRESSED_CAPACITY = 256 << 10 };

struct input {
    int fd;
    const struct cancel *cancel;
    struct stat stat;                   /* when it was opened */
    _Atomic int64_t *counter;           /* may be NULL */
    int64_t position;                   /* bytes taken from fd */
    uint8_t magic[CODEC_MAGIC_MAX_LEN]; /* of a pipe: read beforehand, given first */
    size_t magic_len, magic_given;
    enum compression compression;

    struct decoder *decoder; /* NULL: the bytes as they are */
    uint8_t *compressed;     /* COMPRESSED_CAPACITY bytes */
    const uint8_t *in;       /* the part of `compressed` that is not decoded yet */
    size_t in_len;
};

static bool is_file(const struct input *input)
{
    return S_ISREG(input->stat.st_mode);
}

/* One read: 0 < *got <= len, or 0 at the end. */
static int read_some(struct input *input, void *buffer, size_t len, size_t *got,
                     struct error *error)
{
    ssize_t n;

    for (;;) {
        if (is_file(input)) {
            n = pread(input->fd, buffer, len, input->position);
        } else {
            if (cancel_poll(input->cancel, input->fd, POLLIN, error))
                return -1;
            n = read(input->fd, buffer, len);
        }
        if (n >= 0)
            break;
        if (errno != EINTR && errno != EAGAIN)
            return error_set_errno(error, errno, "read");
    }
    input->position += n;
    if (input->counter)
        atomic_store(input->counter, input->position);
    *got = (size_t)n;
    return 0;
}

static int read_raw(struct input *input, void *buffer, size_t len, size_t *got, struct error *error)
{
    size_t have = input->magic_len - input->magic_given, n = 1;

    if (have > len)
        have = len;
    memcpy(buffer, input->magic + input->magic_given, have);
    input->magic_given += have;
    while (have < len && n > 0) {
        if (read_some(input, (uint8_t *)buffer + have, len - have, &n, error) < 0)
            return -1;
        have += n;
    }
    *got = have;
    return 0;
}

static int read_decoded(struct input *input, uint8_t *buffer, size_t len, size_t *got,
                        struct error *error)
{
    size_t have = 0, n;

    while (have < len) {
        if (decoder_run(input->decoder, &input->in, &input->in_len, buffer + have, len - have, &n,
                        error) < 0)
            return -1;
        have += n;
        if (n > 0)
            continue;
        if (read_raw(input, input->compressed, COMPRESSED_CAPACITY, &input->in_len, error) < 0)
            return -1;
        input->in = input->compressed;
        if (input->in_len == 0) {
            if (decoder_finish(input->decoder, error) < 0)
                return -1;
            break;
        }
    }
    *got = have;
    return 0;
}

int input_read(struct input *input, void *buffer, size_t len, size_t *got, struct error *error)
{
    if (input->decoder)
        return read_decoded(input, buffer, len, got, error);
    return read_raw(input, buffer, len, got, error);
}

/* Looks at the first bytes without taking them from what input_read() gives. */
static int read_magic(struct input *input, struct error *error)
{
    size_t got;

    if (read_raw(input, input->magic, sizeof input->magic, &got, error) < 0)
        return -1;
    if (got == 0)
        return error_set(error, ERROR_ARCHIVE, "it is empty");
    input->compression = codec_detect(input->magic, got)->compression;
    if (is_file(input))
        input->position = 0;
    else
        input->magic_len = got;
    return 0;
}

int input_open(struct input **ret, const char *path, const struct cancel *cancel,
               struct error *error)
{
    cleanup(input_freep) struct input *input = NEW(struct input);

    input->cancel = cancel;
    input->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                       : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (input->fd < 0) {
        error_set_errno(error, errno, "open");
        return error_advice(error,
                            "name an archive that is there, or run it as the user who may read it");
    }
    if (fstat(input->fd, &input->stat) < 0)
        return error_set_errno(error, errno, "stat");
    if (S_ISDIR(input->stat.st_mode))
        return error_set(error, ERROR_ARCHIVE, "it is a directory, not a checkpoint archive");
    if (is_file(input))
        posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (read_magic(input, error) < 0)
        return -1;
    *ret = steal(input);
    return 0;
}

void input_free(struct input *input)
{
    if (!input)
        return;
    if (input->fd >= 0)
        close(input->fd);
    decoder_free(input->decoder);
    free(input->compressed);
    free(input);
}

enum compression input_compression(const struct input *input)
{
    return input->compression;
}

int64_t input_size(const struct input *input)
{
    return is_file(input) ? input->stat.st_size : -1;
}

mode_t input_mode(const struct input *input)
{
    return is_file(input) ? input->stat.st_mode : 0;
}

bool input_is_at(const struct input *input, const char *path)
{
    struct stat other;

    return stat(path, &other) == 0 && other.st_dev == input->stat.st_dev &&
           other.st_ino == input->stat.st_ino;
}

void input_count_into(struct input *input, _Atomic int64_t *counter)
{
    input->counter = counter;
}

void input_decode(struct input *input)
{
    input->decoder = decoder_new(input->compression);
    input->compressed = xcalloc(COMPRESSED_CAPACITY, 1);
}

bool input_can_seek(const struct input *input)
{
    return is_file(input) && !input->decoder;
}

int input_seek(struct input *input, uint64_t offset, struct error *error)
{
    if (!input_can_seek(input))
        return error_set(error, ERROR_FAILED, "this stream cannot be read a second time");
    if (offset > (uint64_t)input->stat.st_size)
        return error_set(error, ERROR_FAILED, "it has no byte %" PRIu64, offset);
    input->position = (int64_t)offset;
    return 0;
}

bool input_has_changed(const struct input *input)
{
    struct stat now;

    return is_file(input) && (fstat(input->fd, &now) < 0 || now.st_size != input->stat.st_size ||
                              now.st_mtim.tv_sec != input->stat.st_mtim.tv_sec ||
                              now.st_mtim.tv_nsec != input->stat.st_mtim.tv_nsec);
}

int input_check_unchanged(const struct input *input, struct error *error)
{
    if (!is_file(input) || (input->position == input->stat.st_size && !input_has_changed(input)))
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "it changed while it was read; wait until the checkpoint is complete");
}

/* A compressed file has no offsets to jump to: decode up to there and drop it. */
static int skip_decoded(struct input *input, uint64_t offset, struct error *error)
{
    cleanup_free uint8_t *dropped = xcalloc(COMPRESSED_CAPACITY, 1);

    while (offset > 0) {
        size_t len = offset < COMPRESSED_CAPACITY ? (size_t)offset : COMPRESSED_CAPACITY, got;

        if (read_decoded(input, dropped, len, &got, error) < 0)
            return -1;
        if (got < len)
            return error_set(error, ERROR_ARCHIVE, "it is shorter than it was");
        offset -= got;
    }
    return 0;
}

int input_reopen(const struct input *input, uint64_t offset, struct input **ret,
                 struct error *error)
{
    cleanup(input_freep) struct input *again = NEW(struct input);

    again->fd = -1;
    if (!is_file(input))
        return error_set(error, ERROR_FAILED, "standard input cannot be read a second time");
    again->fd = fcntl(input->fd, F_DUPFD_CLOEXEC, 0);
    if (again->fd < 0)
        return error_set_errno(error, errno, "open again");
    again->cancel = input->cancel;
    again->stat = input->stat;
    again->compression = input->compression;
    if (input->decoder) {
        input_decode(again);
        if (skip_decoded(again, offset, error) < 0)
            return -1;
    } else {
        again->position = (int64_t)offset;
    }
    *ret = steal(again);
    return 0;
}

enum { BLOCK_BYTES = 1 << 20 };

struct input_source {
    struct source source;
    struct input *input;
    const struct cancel *cancel;
    uint8_t *block; /* BLOCK_BYTES */
};

static int input_source_next(struct source *source, const void **data, size_t *len,
                             struct error *error)
{
    struct input_source *self = (struct input_source *)source;

    if (cancel_check(self->cancel, error) < 0 ||
        input_read(self->input, self->block, BLOCK_BYTES, len, error) < 0)
        return -1;
    *data = self->block;
    return *len > 0 ? 1 : input_check_unchanged(self->input, error);
}

static int input_source_seek(struct source *source, uint64_t offset, struct error *error)
{
    return input_seek(((struct input_source *)source)->input, offset, error);
}

static void input_source_free(struct source *source)
{
    struct input_source *self = (struct input_source *)source;

    input_free(self->input);
    free(self->block);
    free(self);
}

struct source *input_source_new(struct input *input, const struct cancel *cancel)
{
    static const struct source_ops ops = {.next = input_source_next,
                                          .seek = input_source_seek,
                                          .free = input_source_free};
    struct input_source *self = NEW(struct input_source);

    self->source.ops = &ops;
    self->input = input;
    self->cancel = cancel;
    self->block = xcalloc(BLOCK_BYTES, 1);
    return &self->source;
}
