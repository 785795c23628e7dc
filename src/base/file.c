// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int file_check_writable(const char *path, struct error *error)
{
    cleanup_free char *directory = file_directory(path);
    struct stat st;

    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return error_set(error, ERROR_FAILED, "write %s: this is a directory", path);
        if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
            return 0;
    } else if (errno == ENOENT && *file_name(path) &&
               faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0) {
        return 0;
    } else if (errno == ENOENT) {
        error_set_errno(error, errno, "write %s: directory %s", path, directory);
        return error_advice(error, "create this directory or choose another file");
    }
    error_set_errno(error, errno, "write %s", path);
    return error_advice(error, "choose another file");
}

DIR *file_open_list(int dir_fd)
{
    /* Opened once more: a position is shared by all copies of a descriptor. */
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (!list && fd >= 0)
        close(fd);
    return list;
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *file_directory(const char *path)
{
    size_t len = (size_t)(file_name(path) - path);

    return len ? xstrndup(path, len) : xstrdup(".");
}

char *file_beside(const char *path, const char *name)
{
    size_t len = *name == '/' ? 0 : (size_t)(file_name(path) - path);

    return xasprintf("%.*s%s", (int)len, path, name);
}
