// SPDX-License-Identifier: Apache-2.0
#include "base/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tmpfile.h"

int leftover_prevent(int fd)
{
    struct stat st;

    if (flock(fd, LOCK_SH | LOCK_NB))
        return errno == EWOULDBLOCK ? -1 : 0; /* without locks nobody removes anything */
    return fstat(fd, &st) == 0 && st.st_nlink == 0 ? -1 : 0;
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

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

void leftover_remove_all(int dir_fd)
{
    /* Opened once more: a position is shared by all copies of a descriptor. */
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup(close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(directory)))
        if (is_temporary(entry->d_name))
            remove_if_left(dir_fd, entry->d_name);
}
