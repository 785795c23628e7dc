// SPDX-License-Identifier: Apache-2.0
#include "base/output-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

void output_file_init(struct output_file *output, const char *path)
{
    *output = (struct output_file){.path = xstrdup(path), .dir_fd = -1};
    output->name = file_name(output->path);
    tmpfile_init(&output->file);
}

static int open_directory(struct output_file *output, struct error *error)
{
    cleanup_free char *directory = file_directory(output->path);

    output->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output->dir_fd >= 0)
        return 0;
    error_set_errno(error, errno, "write %s: open directory %s", output->path, directory);
    return error_advice(error, "create this directory or choose another destination");
}

static int taken(const struct output_file *output, struct error *error)
{
    return error_set(error, ERROR_FAILED,
                     "write %s: this file exists already; choose another name, or replace it with "
                     "--force",
                     output->path);
}

/* A rename would put a file in the place of /dev/null or of a link as well. */
static int check_name(const struct output_file *output, struct error *error)
{
    static const char advice[] = "name a file, or a path that does not exist yet";
    struct stat st;

    if (!*output->name || strcmp(output->name, ".") == 0 || strcmp(output->name, "..") == 0)
        return error_set(error, ERROR_USAGE, "write %s: this is a directory; %s", output->path,
                         advice);
    if (fstatat(output->dir_fd, output->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISREG(st.st_mode))
            return output->may_replace ? 0 : taken(output, error);
        return error_set(error, ERROR_USAGE, "write %s: this is %s; %s", output->path,
                         S_ISDIR(st.st_mode)   ? "a directory"
                         : S_ISLNK(st.st_mode) ? "a symbolic link"
                                               : "not a regular file",
                         advice);
    }
    if (errno == ENOENT)
        return 0;
    error_set_errno(error, errno, "write %s", output->path);
    return error_advice(error, "choose another destination");
}

int output_file_open(struct output_file *output, struct error *error)
{
    if (open_directory(output, error) || check_name(output, error))
        return -1;
    tmpfile_remove_left(output->dir_fd);
    return tmpfile_create(&output->file, output->dir_fd, output->path, error);
}

static int publish_new(struct output_file *output, struct error *error)
{
    struct stat st;

    if (tmpfile_publish_new(&output->file, output->name, error) == 0)
        return 0;
    /* Somebody was quicker. */
    if (fstatat(output->dir_fd, output->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return taken(output, error);
    return -1;
}

int output_file_publish(struct output_file *output, struct error *error)
{
    if (output->may_replace ? tmpfile_publish(&output->file, output->name, error)
                            : publish_new(output, error))
        return -1;
    return tmpfile_sync_directory(output->dir_fd, output->path, error);
}

void output_file_done(struct output_file *output)
{
    tmpfile_done(&output->file);
    if (output->dir_fd >= 0)
        close(output->dir_fd);
    free(output->path);
    *output = (struct output_file){.dir_fd = -1};
    tmpfile_init(&output->file);
}
