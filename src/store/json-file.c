// SPDX-License-Identifier: Apache-2.0
#include "store/json-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/memory.h"

static int read_all(int fd, struct buffer *text, struct error *error)
{
    char block[16 << 10];
    struct stat st;
    ssize_t len;

    if (fstat(fd, &st))
        return error_set_errno(error, errno, "stat");
    if (!S_ISREG(st.st_mode))
        return error_set(error, ERROR_FAILED, "not a regular file");
    while ((len = read(fd, block, sizeof block)) != 0) {
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return error_set_errno(error, errno, "read");
        if (buffer_append(text, block, (size_t)len))
            return error_set(error, ERROR_FAILED, "larger than %zu bytes", text->max);
    }
    return 0;
}

static int parse(json_t **json, const struct buffer *text, struct error *error)
{
    *json = json_parse(text->data, text->len, error);
    if (!*json)
        return error_context(error, "not JSON");
    if (json_is_object(*json))
        return 0;
    json_decref(steal(*json));
    return error_set(error, ERROR_FAILED, "not a JSON object");
}

int json_file_bytes(struct buffer *content, int dir_fd, const char *name, struct error *error)
{
    cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return error_set_errno(error, errno, "open");
    return read_all(fd, content, error);
}

int json_file_read(json_t **json, int dir_fd, const char *place, const char *name, size_t max,
                   struct error *error)
{
    /* Not to hang on a FIFO that has this name. */
    cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cleanup(buffer_done) struct buffer text;

    buffer_init(&text, max);
    *json = NULL;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return error_set_errno(error, errno, "read %s/%s", place, name);
    if (read_all(fd, &text, error) || parse(json, &text, error)) {
        error_context(error, "read %s/%s", place, name);
        return error_advice(error, "repair this image layout or choose another directory");
    }
    return 0;
}
