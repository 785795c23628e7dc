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

/* How large a report may become in memory, so that a small archive cannot make one that does not
 * fit: what an entry takes beside its own text, by what it is, and all of them together. */
enum {
    REPORT_MAX_BYTES = 48 << 20,
    REPORT_PROCESS_BYTES = 2000,
    REPORT_FILE_BYTES = 1200,
    REPORT_TEXT_BYTES = 300,
    REPORT_NUMBER_BYTES = 32,
};

/* While a report is made. */
struct report {
    struct snapshot *snapshot;
    const struct walk *walk;
    const struct checkpoint *checkpoint;
    bool shows_secrets; /* values of variables, not only their names and sizes */
    size_t bytes_left;  /* of REPORT_MAX_BYTES */
    json_t *json;
};

/*
 * A new object. Notes are added to the snapshot's, and are part of the report. `checkpoint` is what
 * checkpoint_parse() has made of the walk. NULL: it has failed, or the archive is damaged; then as
 * much is told of the documents as can be read. To be called in a sealed thread.
 */
json_t *report_make(struct snapshot *snapshot, const struct walk *walk,
                    const struct checkpoint *checkpoint, bool shows_secrets);

/* Between report.c, report-processes.c and report-files.c. */

/* Array of the processes, parents before children. */
json_t *report_processes(struct report *report);
/* Array of the descriptors of a process; NULL: not known. */
json_t *report_files(struct report *report, const struct process *process);
/* The path of a file of files.img; NULL: it has none. */
json_t *report_path(struct report *report, uint32_t file_id);
/* What a type of files is called: "file", "pipe"; never NULL. `type` is an enum criu_file_type, or
 * one that is newer. */
const char *report_file_type(uint32_t type);
/* One variable, "NAME=value". */
json_t *report_variable(const struct report *report, const char *text, size_t len);
/* Whether one more entry, of so many bytes in memory, may be added to a list. */
bool report_has_room(struct report *report, size_t bytes);

#endif
