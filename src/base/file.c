// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"

static int read_all(int fd, char *data, size_t capacity, size_t *len)
{
    ssize_t n;

    for (*len = 0; *len < capacity; *len += (size_t)n) {
        n = read(fd, data + *len, capacity - *len);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n < 0)
            return -1;
        else if (n == 0)
            break;
    }
    return 0;
}

int file_read(const char *path, size_t max, char **data, size_t *len, struct error *error)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    cleanup_free char *bytes = NULL;
    size_t n;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return error_set_errno(error, errno, "read %s", path);
    bytes = xcalloc(max + 2, 1);
    if (read_all(fd, bytes, max + 1, &n)) {
        explicit_bzero(bytes, max);
        return error_set_errno(error, errno, "read %s", path);
    }
    if (n > max) {
        explicit_bzero(bytes, max);
        return error_set(error, ERROR_FAILED, "read %s: it has more than %zu bytes", path, max);
    }
    *data = steal(bytes);
    *len = n;
    return 1;
}
