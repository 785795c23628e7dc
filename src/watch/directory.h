// SPDX-License-Identifier: Apache-2.0
/*
 * The directory that is watched: what is in it, and what comes and goes. Only regular files called
 * checkpoint-*.tar count, and no symbolic link is followed; nor do those count that have further
 * names (hard links) where others may write to the directory. Opaque, one thread's.
 */
#ifndef CKPTOCI_WATCH_DIRECTORY_H
#define CKPTOCI_WATCH_DIRECTORY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "watch/archive.h"

#define DIRECTORY_KEEP_SUFFIX ".keep"

struct directory;

enum directory_event {
    DIRECTORY_APPEARED, /* it may still be written to */
    DIRECTORY_ARRIVED,  /* moved here, whole */
    DIRECTORY_CLOSED,   /* by its writer */
    DIRECTORY_LEFT,     /* removed or moved away */
    DIRECTORY_OVERFLOW, /* something was missed: scan it */
};

/* What the directory is about to tell; `name` is NULL with an overflow. */
typedef void directory_handler(void *context, enum directory_event event, const char *name);

int directory_open(struct directory **directory, const char *path, struct error *error);
void directory_free(struct directory *directory);
DEFINE_CLEANUP(struct directory *, directory_free);

/* To be polled for input. */
int directory_fd(const struct directory *directory);
/* Passes on what has happened since. -1: the directory is not there any more. */
int directory_serve(struct directory *directory, directory_handler *handler, void *context,
                    struct error *error);
/* Whether the path still leads to it. The kernel does not tell of a directory that is removed while
 * it is open. -1: it is not there any more. */
int directory_check(const struct directory *directory, struct error *error);
/* Passes every name that is there on, as DIRECTORY_APPEARED. */
int directory_scan(struct directory *directory, directory_handler *handler, void *context,
                   struct error *error);

enum directory_entry {
    ENTRY_ARCHIVE, /* *identity says which file */
    ENTRY_OTHER,   /* *reason says why it does not count; NULL: it is no surprise here */
    ENTRY_UNKNOWN, /* it cannot be looked at now; *reason says why */
    ENTRY_GONE,
};

/* What is there under that name. */
enum directory_entry directory_look(const struct directory *directory, const char *name,
                                    struct archive_identity *identity, const char **reason);
/* Whether the archive is to be kept: there is a NAME.keep, or a .keep for all, or there may be. */
bool directory_is_kept(const struct directory *directory, const char *name);
/* Removes the file if it is still that one; 0 also when it is gone. */
int directory_remove(const struct directory *directory, const char *name,
                     const struct archive_identity *identity, struct error *error);
/* Opens the file to be read if it is still that one: what was looked at is what is opened, whoever
 * else writes to the directory. The descriptor, which is the caller's, or -1. */
int directory_open_file(const struct directory *directory, const char *name,
                        const struct archive_identity *identity, struct error *error);

#endif
