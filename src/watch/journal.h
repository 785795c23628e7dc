// SPDX-License-Identifier: Apache-2.0
/*
 * What has become of archives, on disk: so that none is pushed twice. A file of JSON lines in the
 * state directory, "archives.jsonl", of mode 0600; a line is appended, and on disk, before anything
 * else follows from it. Of several lines for one name the last counts. A line that is cut, as the
 * last one may be after a kill, or that is damaged, is as if it were not there: the archive is
 * looked at again. A file that is too large is dropped: all are looked at again.
 *
 * One journal at a time may have the directory open; "lock" in it is locked meanwhile. Opaque, one
 * thread's.
 */
#ifndef CKPTOCI_WATCH_JOURNAL_H
#define CKPTOCI_WATCH_JOURNAL_H

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "watch/archive.h"

struct journal;

enum {
    JOURNAL_MAX_BYTES = 256 << 20,
    JOURNAL_LOCK_WAIT_MS = 2 * 1000, /* one that is just ending */
};

/* Makes the directory where it is not there, its parents not. `watched` is the directory that the
 * names belong to: a journal of another one is refused. */
int journal_open(struct journal **journal, const char *directory, const char *watched,
                 const struct cancel *cancel, struct error *error);
void journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free);

/* Adds to the table, which is empty, what is known of archives, in the states they were recorded
 * in. */
int journal_load(struct journal *journal, struct archive_table *table, struct error *error);
/* Records the archive's state. */
int journal_append(struct journal *journal, const struct archive *archive, struct error *error);
/* Writes the file anew with what the table has recorded; what was forgotten is then gone. */
int journal_compact(struct journal *journal, const struct archive_table *table,
                    struct error *error);
/* Whether most of the file is about archives that it says more of further down, or that are gone;
 * or some of it is, and it is large. */
bool journal_is_wasteful(const struct journal *journal, const struct archive_table *table);

#endif
