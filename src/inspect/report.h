// SPDX-License-Identifier: Apache-2.0
/*
 * What a responder wants to know of a checkpoint, as one JSON object: docs/inspect.md lists its
 * keys. Strings come from the archive unchecked: they are valid UTF-8, but not cleaned for a
 * terminal. A key whose value is not known is left out, or null where its place in a list says
 * something.
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
json_t *report_make(struct snapshot *snapshot, const struct walk *walk,
                    const struct checkpoint *checkpoint, bool shows_secrets);

/* Between report.c and report-processes.c. */

/* Array of the processes, parents before children. */
json_t *report_processes(struct report *report);
/* What a type of files is called: "file", "pipe"; never NULL. `type` is an enum criu_file_type, or
 * one that is newer. */
const char *report_file_type(uint32_t type);
/* One variable, "NAME=value". */
json_t *report_variable(const struct report *report, const char *text, size_t len);
/* Whether one more entry may be added to a list. */
bool report_has_room(struct report *report);

#endif
