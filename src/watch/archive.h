// SPDX-License-Identifier: Apache-2.0
/*
 * The archives that the agent knows of, by their names in the directory: what file that is, what
 * has become of it, and what is to be done next. Owned by the agent and touched by its thread
 * alone.
 */
#ifndef CKPTOCI_WATCH_ARCHIVE_H
#define CKPTOCI_WATCH_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

enum { WATCH_MAX_ARCHIVES = 100000 };

/* Which file it is. One that is written anew under the same name is another one. Without the
 * device: it is the directory's, and its number may be another one after each boot. */
struct archive_identity {
    uint64_t inode;
    int64_t size;     /* bytes */
    int64_t mtime_ns; /* since 1970 */
};

enum archive_state {
    ARCHIVE_WAITING,    /* until `due_ms`; then it is looked at */
    ARCHIVE_CONVERTING, /* a child is at work */
    ARCHIVE_PUSHED,     /* the registry has it, under `reference` with `digest` */
    ARCHIVE_REFUSED,    /* it will not be tried again */
    ARCHIVE_FAILED,     /* it will be, at the next scan */
    ARCHIVE_STATE_COUNT,
};

struct archive {
    char *name; /* in the directory */
    struct archive_identity identity;
    enum archive_state state;

    /* While it waits; monotonic. */
    int64_t due_ms;
    int64_t changed_ms;  /* when it was last seen to be another than before */
    bool was_incomplete; /* its writer closes it again and again: that says nothing */
    unsigned failures;   /* in a row */
    unsigned crashes;    /* of children that were killed by a signal */

    /* What it says of itself; NULL: nothing, or not known yet. */
    char *pod_namespace, *pod, *container;
    int64_t time_s; /* of the checkpoint, since 1970 */

    /* What has become of it. NULL where there is nothing to say. */
    char *reference, *digest;
    int64_t recorded_s; /* when it came to this state, since 1970 */
    char *error_text;

    bool is_present;         /* seen by the present scan */
    bool has_child;          /* which may be about the file that was there before */
    bool is_kept;            /* by a file beside it */
    int64_t confirm_from_ms; /* do not ask the registry before, monotonic */
    unsigned unanswered;     /* such questions in a row */
};

/* Sorted by name. Zero-initialised, embedded. */
struct archive_table {
    struct archive **archives;
    size_t count, capacity;
};

struct archive_identity archive_identity_of(const struct stat *status);
bool archive_identity_equal(const struct archive_identity *a, const struct archive_identity *b);
/* "waiting", "pushed" ... */
const char *archive_state_name(enum archive_state state);
/* -1: no such name. */
int archive_state_parse(enum archive_state *state, const char *name);

/* Puts a copy of `value`, which may be NULL, in the place of what was there. */
void archive_set_text(char **text, const char *value);

struct archive *archive_table_find(const struct archive_table *table, const char *name);
/* The one of that name, new where it was not there: waiting, and otherwise empty. -1: there are
 * WATCH_MAX_ARCHIVES. */
int archive_table_add(struct archive_table *table, const char *name, struct archive **archive,
                      struct error *error);
void archive_table_remove(struct archive_table *table, struct archive *archive);
size_t archive_table_count(const struct archive_table *table, enum archive_state state);
void archive_table_done(struct archive_table *table);

#endif
