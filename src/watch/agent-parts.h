// SPDX-License-Identifier: Apache-2.0
/* What the files of the agent share: its state, and the parts of its work. Private to agent*.c. */
#ifndef CKPTOCI_WATCH_AGENT_PARTS_H
#define CKPTOCI_WATCH_AGENT_PARTS_H

#include "watch/agent.h"
#include "watch/conversion.h"
#include "watch/directory.h"
#include "watch/event.h"
#include "watch/journal.h"
#include "watch/metrics.h"
#include "watch/retention.h"

struct agent {
    const struct agent_options *options;
    struct conversion_options conversion_options;
    struct cancel *cancel;
    struct directory *directory;
    struct journal *journal;
    struct archive_table table;
    struct conversion *jobs[AGENT_MAX_JOBS]; /* NULL: free */
    struct hooks hooks;
    struct confirmation *confirmation; /* NULL: nothing is asked */
    struct metrics metrics;
    struct metrics_server *server; /* NULL: none */
    struct agent_result result;

    bool is_scanning; /* for the first time */
    bool is_stopping;
    bool is_interrupting; /* stopping, and what is being pushed as well */
    bool has_swept;       /* with `once`: nothing is left that may be removed */
    /* Monotonic. */
    int64_t check_due_ms, scan_due_ms, retention_due_ms, stop_due_ms, watchdog_due_ms;

    /* ERROR_NONE, or why it cannot go on. Set by what has no caller to tell. */
    struct error failure;
};

/* agent-files.c: what is in the directory, and what is removed from it. */
void agent_handle(void *agent, enum directory_event event, const char *name);
int agent_scan(struct agent *agent, struct error *error);
/* Makes sure that the file is the one that is known, as far as it can be looked at. False: it is
 * not; that has been dealt with. */
bool agent_is_same(struct agent *agent, struct archive *archive);
/* The file is not there any more. */
void agent_forget(struct agent *agent, struct archive *archive);
void agent_start_sweep(struct agent *agent, int64_t now_ms);
void agent_end_sweep(struct agent *agent, int64_t now_ms);

/* agent-work.c: what is done with archives. */
void agent_start_jobs(struct agent *agent, int64_t now_ms);
void agent_end_job(struct agent *agent, struct conversion **job);
void agent_hook_ended(void *agent, const char *archive, const struct error *error);

#endif
