// SPDX-License-Identifier: Apache-2.0
/*
 * What a responder wants to know of a checkpoint, as one JSON object: docs/inspect.md lists its
 * keys. Strings are the archive's word, valid UTF-8 but not cleaned for a terminal. A key whose
 * value is not known is left out, or null where its place in a list says something.
 */
#ifndef CKPTOCI_INSPECT_REPORT_H
#define CKPTOCI_INSPECT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "checkpoint/checkpoint.h"
#include "inspect/snapshot.h"

/* Of the processes' arguments, variables and files together, so that a small archive cannot make a
 * report that does not fit into memory. */
enum { REPORT_ENTRIES_MAX = 200000 };

/* While a report is made. */
struct report {
    struct snapshot *snapshot;
    const struct walk *walk;
    const struct checkpoint *checkpoint;
    bool shows_secrets; /* values of variables, not only their names and sizes */
    size_t entries_left;
    json_t *json;
};

/*
 * A new object. Notes are added to the snapshot's, and are part of the report. `checkpoint` is what
 * checkpoint_parse() has made of the walk. NULL: it has failed, or the archive is damaged; then as
 * much is told of the documents as can be read. To be called in a sealed thread.
 */
json_t *snapshot_report(struct snapshot *snapshot, const struct walk *walk,
                        const struct checkpoint *checkpoint, bool shows_secrets);

/* The parts. */

/* From spec.dump and config.dump. */
void report_metadata(struct report *report);
/* One variable, "NAME=value". */
json_t *report_variable(const struct report *report, const char *text, size_t len);
/* Array of the processes, parents before children. */
json_t *report_processes(struct report *report);
/* Array of the descriptors of a process; NULL: not known. */
json_t *report_fds(struct report *report, const struct process *process);
/* The path of a file of files.img; NULL: it has none. */
json_t *report_path(const struct report *report, uint32_t file_id);
/* Whether one more entry may be added to a list. */
bool report_has_room(struct report *report);

#endif
