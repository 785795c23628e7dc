// SPDX-License-Identifier: Apache-2.0
/*
 * Files that nobody sees before they are complete: struct tmpfile in a directory that is open,
 * struct output_file at a path that the user names. Both are embedded in their owner; one thread.
 *
 * A file is made without a name (O_TMPFILE), so that even a killed program leaves nothing; where
 * the file system has no such files, and for the moment before it replaces another one, it gets a
 * temporary name that starts with TMPFILE_PREFIX. As long as a program lives it holds a lock
 * (flock(2)) on its file, so the next run can tell which names a killed program has left and remove
 * them.
 *
 *     tmpfile_init, tmpfile_create, tmpfile_append..., tmpfile_publish, tmpfile_done
 *     output_file_init, output_file_open, tmpfile_append..., output_file_publish, output_file_done
 *
 * Every failure says "write PLACE: reason; advice".
 */
#ifndef CKPTOCI_BASE_TMPFILE_H
#define CKPTOCI_BASE_TMPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define TMPFILE_PREFIX ".ckptoci-"
enum { TMPFILE_NAME_SIZE = sizeof TMPFILE_PREFIX + 16 };

struct tmpfile {
    /* Set by the owner between init and create, where others are wanted: */
    mode_t mode;        /* without the bits of the umask; 0600, as most hold memory or secrets */
    const char *advice; /* borrowed; NULL: to choose another destination */

    int dir_fd;                   /* borrowed: the directory the file is to appear in */
    const char *place;            /* borrowed: what messages call it */
    int fd;                       /* -1 before tmpfile_create() */
    char name[TMPFILE_NAME_SIZE]; /* empty while the file has no temporary name */
    uint64_t size;                /* bytes appended */
    uint64_t written_out;         /* of those, handed to the disk already */
};

void tmpfile_init(struct tmpfile *file);
int tmpfile_create(struct tmpfile *file, int dir_fd, const char *place, struct error *error);
/* Keeps the disk busy on the way, so that a later tmpfile_sync() is short. */
int tmpfile_append(struct tmpfile *file, const void *data, size_t len, struct error *error);
/* Writes over bytes that have been appended before. */
int tmpfile_overwrite(struct tmpfile *file, uint64_t offset, const void *data, size_t len,
                      struct error *error);
/* Takes back what has been appended behind the first `size` bytes. */
int tmpfile_truncate(struct tmpfile *file, uint64_t size, struct error *error);
/* Makes the bytes durable; for what is to be done before any of several files gets its name. */
int tmpfile_sync(struct tmpfile *file, struct error *error);
/* Makes the bytes durable and gives the file its name, in the place of whatever had it. The name is
 * durable after tmpfile_sync_directory(). */
int tmpfile_publish(struct tmpfile *file, const char *name, struct error *error);
/* The same, but a name that somebody has is left alone: -1. */
int tmpfile_publish_new(struct tmpfile *file, const char *name, struct error *error);
/* Removes the file unless it was published. */
void tmpfile_done(struct tmpfile *file);

/* All of it for a document in memory, but for the sync of the directory. */
int tmpfile_write_document(int dir_fd, const char *place, const char *name, const void *data,
                           size_t len, mode_t mode, struct error *error);
/* Makes the names in a directory durable. */
int tmpfile_sync_directory(int dir_fd, const char *place, struct error *error);
/* Removes from a directory what killed programs have left there: our user's files with a temporary
 * name and without a lock. What cannot be removed stays. */
void tmpfile_remove_left(int dir_fd);

struct output_file {
    bool may_replace; /* a file that has the name; false: that is an error */
    char *path;
    const char *name;    /* its last component */
    int dir_fd;          /* of the directory it is in; -1 before open */
    struct tmpfile file; /* its mode may be set before open */
};

void output_file_init(struct output_file *output, const char *path);
/* -1: also where something has the name that must not be replaced. */
int output_file_open(struct output_file *output, struct error *error);
/* Makes the file durable and gives it its name. */
int output_file_publish(struct output_file *output, struct error *error);
/* Nothing stays of a file that was not published. */
void output_file_done(struct output_file *output);

#endif
