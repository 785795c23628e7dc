// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

void fuzz_broken(const char *file, int line, const char *promise)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
    abort();
}

void fuzz_require_error(const struct error *error)
{
    fuzz_require(error->kind != ERROR_NONE);
    fuzz_require(memchr(error->text, '\0', sizeof error->text));
    fuzz_require(*error->text);
    for (const char *c = error->text; *c; c++)
        fuzz_require((unsigned char)*c >= ' ' && *c != 0x7f);
}

char *fuzz_next_text(struct fuzz_input *input, size_t *ret_len)
{
    size_t len = strnlen((const char *)input->data, input->len);
    char *text = xcalloc(len + 1, 1);

    memcpy(text, input->data, len);
    input->data += len;
    input->len -= len;
    if (input->len) { /* the NUL */
        input->data++;
        input->len--;
    }
    if (ret_len)
        *ret_len = len;
    return text;
}

static int next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct fuzz_source *self = (struct fuzz_source *)source;

    (void)error;
    *data = self->data;
    *len = self->piece < self->len ? self->piece : self->len;
    self->data += *len;
    self->len -= *len;
    return *len > 0;
}

static void keep(struct source *source)
{
    (void)source;
}

void fuzz_source_init(struct fuzz_source *source, const uint8_t *data, size_t len, size_t piece)
{
    static const struct source_ops ops = {.next = next, .free = keep};

    *source = (struct fuzz_source){{&ops}, data, len, piece};
}

int fuzz_file_fd(const void *data, size_t len)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    fuzz_require(fd >= 0);
    fuzz_require(ftruncate(fd, 0) == 0);
    fuzz_require(pwrite(fd, data, len, 0) == (ssize_t)len);
    fuzz_require(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

const char *fuzz_file(const void *data, size_t len)
{
    static char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fuzz_file_fd(data, len));
    return path;
}
