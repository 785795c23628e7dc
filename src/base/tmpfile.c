// SPDX-License-Identifier: Apache-2.0
#include "base/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum {
    WRITE_OUT_BYTES = 8 << 20,
    NAMED_TRIES = 10,
    PROC_PATH_SIZE = sizeof "/proc/self/fd/" + 10,
};

static int write_failed(const char *place, int errnum, const char *advice, struct error *error)
{
    error_set_errno(error, errnum, "write %s", place);
    if (advice)
        return error_advice(error, "%s", advice);
    if (errnum == ENOSPC || errnum == EDQUOT)
        return error_advice(error, "free some space or choose another destination");
    return error_advice(error, "choose another destination");
}

static int failed(const struct tmpfile *file, struct error *error)
{
    return write_failed(file->place, errno, file->advice, error);
}

void tmpfile_init(struct tmpfile *file)
{
    *file = (struct tmpfile){.mode = 0600, .fd = -1};
}

/* 0, or -1 with errno. */
static int make_name(struct tmpfile *file)
{
    uint64_t number;

    if (getentropy(&number, sizeof number))
        return -1;
    snprintf(file->name, sizeof file->name, TMPFILE_PREFIX "%016" PRIx64, number);
    return 0;
}

/* The name under which linkat() finds a file that has none (open(2), O_TMPFILE). */
static void proc_path(int fd, char path[PROC_PATH_SIZE])
{
    snprintf(path, PROC_PATH_SIZE, "/proc/self/fd/%d", fd);
}

static int open_nameless(const struct tmpfile *file)
{
    int fd = openat(file->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, file->mode);
    char path[PROC_PATH_SIZE];

    if (fd < 0)
        return -1;
    proc_path(fd, path);
    if (access(path, F_OK) == 0)
        return fd;
    close(fd); /* without /proc it could never get a name */
    errno = EOPNOTSUPP;
    return -1;
}

/* Locks a file so that nobody takes it for a leftover. -1: somebody just has, and its name is gone
 * or will be; or it never had a name. */
static int mark_in_use(int fd)
{
    struct stat st;

    if (flock(fd, LOCK_SH | LOCK_NB))
        return errno == EWOULDBLOCK ? -1 : 0; /* without locks nobody removes anything */
    return fstat(fd, &st) == 0 && st.st_nlink == 0 ? -1 : 0;
}

/* Not mkostemp(): the umask has to count, and the directory is known by descriptor. */
static int try_named(struct tmpfile *file)
{
    int fd;

    if (make_name(file))
        return -1;
    fd = openat(file->dir_fd, file->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, file->mode);
    if (fd < 0)
        file->name[0] = '\0';
    return fd;
}

static int open_named(struct tmpfile *file)
{
    int fd = try_named(file);

    /* Another run may have taken it for a leftover while it had no lock yet. */
    for (int i = 1; fd >= 0 && mark_in_use(fd) && i < NAMED_TRIES; i++) {
        close(fd);
        unlinkat(file->dir_fd, file->name, 0);
        fd = try_named(file);
    }
    return fd;
}

int tmpfile_create(struct tmpfile *file, int dir_fd, const char *place, struct error *error)
{
    file->dir_fd = dir_fd;
    file->place = place;
    file->fd = open_nameless(file);
    if (file->fd >= 0)
        mark_in_use(file->fd);
    else if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)
        file->fd = open_named(file);
    return file->fd < 0 ? failed(file, error) : 0;
}

/* Errors are left to fsync(), which reports them too. */
static void write_out(struct tmpfile *file)
{
    uint64_t len = file->size - file->written_out;

    if (len < WRITE_OUT_BYTES)
        return;
    sync_file_range(file->fd, (off64_t)file->written_out, (off64_t)len, SYNC_FILE_RANGE_WRITE);
    file->written_out = file->size;
}

static int write_at(struct tmpfile *file, uint64_t offset, const void *data, size_t len,
                    struct error *error)
{
    const char *at = data;

    while (len > 0) {
        ssize_t written = pwrite(file->fd, at, len, (off_t)offset);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return failed(file, error);
        at += written;
        len -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

int tmpfile_append(struct tmpfile *file, const void *data, size_t len, struct error *error)
{
    if (write_at(file, file->size, data, len, error))
        return -1;
    file->size += len;
    write_out(file);
    return 0;
}

int tmpfile_overwrite(struct tmpfile *file, uint64_t offset, const void *data, size_t len,
                      struct error *error)
{
    return write_at(file, offset, data, len, error);
}

int tmpfile_truncate(struct tmpfile *file, uint64_t size, struct error *error)
{
    if (ftruncate(file->fd, (off_t)size))
        return failed(file, error);
    file->size = size;
    if (file->written_out > size)
        file->written_out = size;
    return 0;
}

int tmpfile_sync(struct tmpfile *file, struct error *error)
{
    return fsync(file->fd) ? failed(file, error) : 0;
}

/* 0, or -1 with errno, EEXIST if the name is taken. */
static int link_nameless(const struct tmpfile *file, const char *name)
{
    char path[PROC_PATH_SIZE];

    proc_path(file->fd, path);
    return linkat(AT_FDCWD, path, file->dir_fd, name, AT_SYMLINK_FOLLOW);
}

static int give_temporary_name(struct tmpfile *file)
{
    if (make_name(file))
        return -1;
    if (link_nameless(file, file->name) == 0)
        return 0;
    file->name[0] = '\0';
    return -1;
}

/* 0, or -1 with errno. */
static int give_name(struct tmpfile *file, const char *name, bool may_replace)
{
    if (!file->name[0]) {
        if (link_nameless(file, name) == 0)
            return 0;
        /* Only a rename can take the place of another file at once. */
        if (errno != EEXIST || !may_replace || give_temporary_name(file))
            return -1;
    }
    if (may_replace ? renameat(file->dir_fd, file->name, file->dir_fd, name)
                    : renameat2(file->dir_fd, file->name, file->dir_fd, name, RENAME_NOREPLACE))
        return -1;
    file->name[0] = '\0';
    return 0;
}

int tmpfile_publish(struct tmpfile *file, const char *name, struct error *error)
{
    if (tmpfile_sync(file, error))
        return -1;
    return give_name(file, name, true) ? failed(file, error) : 0;
}

int tmpfile_publish_new(struct tmpfile *file, const char *name, struct error *error)
{
    if (tmpfile_sync(file, error))
        return -1;
    return give_name(file, name, false) ? failed(file, error) : 0;
}

void tmpfile_done(struct tmpfile *file)
{
    if (file->fd < 0)
        return;
    close(file->fd);
    if (file->name[0])
        unlinkat(file->dir_fd, file->name, 0);
    tmpfile_init(file);
}

int tmpfile_write_document(int dir_fd, const char *place, const char *name, const void *data,
                           size_t len, mode_t mode, struct error *error)
{
    cleanup(tmpfile_done) struct tmpfile file;

    tmpfile_init(&file);
    file.mode = mode;
    if (tmpfile_create(&file, dir_fd, place, error) || tmpfile_append(&file, data, len, error))
        return -1;
    return tmpfile_publish(&file, name, error);
}

int tmpfile_sync_directory(int dir_fd, const char *place, struct error *error)
{
    /* EINVAL: a file system whose directories need no sync, or cannot have one. */
    if (fsync(dir_fd) && errno != EINVAL)
        return write_failed(place, errno, NULL, error);
    return 0;
}

static bool is_temporary(const char *name)
{
    static const char prefix[] = TMPFILE_PREFIX;
    const char *number = name + sizeof prefix - 1;

    return strlen(name) == TMPFILE_NAME_SIZE - 1 && strncmp(name, prefix, sizeof prefix - 1) == 0 &&
           number[strspn(number, "0123456789abcdef")] == '\0';
}

static void remove_if_left(int dir_fd, const char *name)
{
    /* Writable, because locks over NFS need that. */
    cleanup_close int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st, named;

    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        flock(fd, LOCK_EX | LOCK_NB))
        return;
    /* Its owner may have published it since, under another name or as another file's successor. */
    if (fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == st.st_ino &&
        named.st_dev == st.st_dev)
        unlinkat(dir_fd, name, 0);
}

void tmpfile_remove_left(int dir_fd)
{
    cleanup(closedirp) DIR *directory = file_open_list(dir_fd);
    const struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (is_temporary(entry->d_name))
            remove_if_left(dir_fd, entry->d_name);
}

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

/* Only a regular file is replaced: a rename would also take the place of /dev/null or of a link. */
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
    /* Somebody else has made it meanwhile. */
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
