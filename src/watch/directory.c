// SPDX-License-Identifier: Apache-2.0
#include "watch/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/file.h"
#include "base/memory.h"

enum {
    EVENTS_AT_ONCE_BYTES = 64 << 10,
    EVENTS = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |
             IN_MOVE_SELF | IN_ONLYDIR,
    GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED,
};

struct directory {
    char *path;
    int fd, inotify;
};

void directory_free(struct directory *directory)
{
    if (!directory)
        return;
    closep(&directory->fd);
    closep(&directory->inotify);
    free(directory->path);
    free(directory);
}

int directory_open(struct directory **ret, const char *path, struct error *error)
{
    cleanup(directory_freep) struct directory *directory = NEW(struct directory);
    cleanup_free char *opened = NULL;

    directory->path = xstrdup(path);
    directory->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0) {
        error_set_errno(error, errno, "watch %s: open", path);
        return error_advice(error,
                            "name the directory that the kubelet puts archives into, and run "
                            "it as the user who may read it");
    }
    /* The one that is open, whatever has the name by now. */
    opened = xasprintf("/proc/self/fd/%d", directory->fd);
    if (directory->inotify < 0 || inotify_add_watch(directory->inotify, opened, EVENTS) < 0) {
        error_set_errno(error, errno, "watch %s", path);
        if (errno == ENOSPC || errno == EMFILE)
            error_advice(error, "raise the limits in /proc/sys/fs/inotify");
        return -1;
    }
    *ret = steal(directory);
    return 0;
}

int directory_fd(const struct directory *directory)
{
    return directory->inotify;
}

static int gone(const struct directory *directory, struct error *error)
{
    error_set(error, ERROR_FAILED, "watch %s: the directory was removed, moved or unmounted",
              directory->path);
    return error_advice(error, "start again when it is there");
}

int directory_check(const struct directory *directory, struct error *error)
{
    struct stat opened, named;

    if (fstat(directory->fd, &opened) || opened.st_nlink == 0 || stat(directory->path, &named) ||
        opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
        return gone(directory, error);
    return 0;
}

static int pass_on(const struct directory *directory, const struct inotify_event *event,
                   directory_handler *handler, void *context, struct error *error)
{
    if (event->mask & GONE)
        return gone(directory, error);
    if (event->mask & IN_Q_OVERFLOW)
        handler(context, DIRECTORY_OVERFLOW, NULL);
    else if (event->len == 0)
        return 0;
    else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
        handler(context, DIRECTORY_LEFT, event->name);
    else
        handler(context,
                event->mask & IN_CREATE     ? DIRECTORY_APPEARED
                : event->mask & IN_MOVED_TO ? DIRECTORY_ARRIVED
                                            : DIRECTORY_CLOSED,
                event->name);
    return 0;
}

int directory_serve(struct directory *directory, directory_handler *handler, void *context,
                    struct error *error)
{
    char data[EVENTS_AT_ONCE_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t len = read(directory->inotify, data, sizeof data);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (len < 0)
        return error_set_errno(error, errno, "watch %s", directory->path);
    for (const char *at = data; at < data + len;) {
        const struct inotify_event *event = (const void *)at;

        if (pass_on(directory, event, handler, context, error))
            return -1;
        at += sizeof *event + event->len;
    }
    return 0;
}

int directory_scan(struct directory *directory, directory_handler *handler, void *context,
                   struct error *error)
{
    cleanup(closedirp) DIR *stream = file_open_list(directory->fd);
    const struct dirent *file;

    if (!stream)
        return error_set_errno(error, errno, "scan %s", directory->path);
    for (errno = 0; (file = readdir(stream)); errno = 0)
        handler(context, DIRECTORY_APPEARED, file->d_name);
    return errno ? error_set_errno(error, errno, "scan %s", directory->path) : 0;
}

static bool is_expected(const char *name)
{
    size_t len = strlen(name), suffix = strlen(DIRECTORY_KEEP_SUFFIX);

    return name[0] == '.' ||
           (len > suffix && strcmp(name + len - suffix, DIRECTORY_KEEP_SUFFIX) == 0);
}

/* What is none cannot be recorded. */
static bool is_text(const char *name)
{
    json_t *text = json_string(name);

    json_decref(text);
    return text != NULL;
}

/* Whether somebody else may put files into it. */
static bool is_open_to_others(const struct directory *directory)
{
    struct stat status;

    return fstat(directory->fd, &status) || (status.st_mode & (S_IWGRP | S_IWOTH)) ||
           (status.st_uid != 0 && status.st_uid != geteuid());
}

/* Why such a file does not count; NULL: it does. Whoever may write to the directory may have given
 * a file of ours, which he cannot read, a name there: by a symbolic link, or as a hard link where
 * the system does not forbid that (fs.protected_hardlinks). */
static const char *reason_against(const struct directory *directory, const struct stat *status)
{
    if (S_ISLNK(status->st_mode))
        return "it is a symbolic link";
    if (!S_ISREG(status->st_mode))
        return "it is not a regular file";
    if (status->st_nlink > 1 && is_open_to_others(directory))
        return "the file has other names, too, and others may write to the directory";
    return NULL;
}

enum directory_entry directory_look(const struct directory *directory, const char *name,
                                    struct archive_identity *identity, const char **reason)
{
    struct stat status;

    *reason = NULL;
    if (is_expected(name))
        return ENTRY_OTHER;
    if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW)) {
        if (errno == ENOENT)
            return ENTRY_GONE;
        *reason = strerror(errno);
        return ENTRY_UNKNOWN;
    }
    if (!is_text(name))
        *reason = "the name is not UTF-8";
    else if (fnmatch("checkpoint-*.tar", name, 0) != 0)
        *reason = "the name is not checkpoint-*.tar";
    else
        *reason = reason_against(directory, &status);
    if (*reason)
        return ENTRY_OTHER;
    *identity = archive_identity_of(&status);
    return ENTRY_ARCHIVE;
}

/* What cannot be looked at may be there; a name that is too long cannot. */
static bool may_be_there(const struct directory *directory, const char *name)
{
    struct stat status;

    return fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
           (errno != ENOENT && errno != ENAMETOOLONG);
}

bool directory_is_kept(const struct directory *directory, const char *name)
{
    cleanup_free char *beside = xasprintf("%s" DIRECTORY_KEEP_SUFFIX, name);

    return may_be_there(directory, DIRECTORY_KEEP_SUFFIX) || may_be_there(directory, beside);
}

int directory_remove(const struct directory *directory, const char *name,
                     const struct archive_identity *identity, struct error *error)
{
    struct archive_identity now;
    struct stat status;

    if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : error_set_errno(error, errno, "look at it");
    now = archive_identity_of(&status);
    if (!archive_identity_equal(&now, identity))
        return error_set(error, ERROR_FAILED, "another file is there now");
    if (unlinkat(directory->fd, name, 0) && errno != ENOENT)
        return error_set_errno(error, errno, "remove it");
    return 0;
}

int directory_open_file(const struct directory *directory, const char *name,
                        const struct archive_identity *identity, struct error *error)
{
    cleanup_close int fd =
        openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct archive_identity now;
    struct stat status;
    int opened;

    if (fd < 0 || fstat(fd, &status))
        return error_set_errno(error, errno, "open");
    now = archive_identity_of(&status);
    if (reason_against(directory, &status) || !archive_identity_equal(&now, identity))
        return error_set(error, ERROR_FAILED, "another file is there now");
    opened = fd;
    fd = -1;
    return opened;
}
