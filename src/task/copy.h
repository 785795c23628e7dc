// SPDX-License-Identifier: Apache-2.0
/* Any images, from one place to others, as they are: every digest stays. */
#ifndef CKPTOCI_TASK_COPY_H
#define CKPTOCI_TASK_COPY_H

#include <stdbool.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "transport/destination.h"

enum {
    COPY_MAX_DESTINATIONS = 64,
    COPY_MAX_PLATFORMS = 32,
    COPY_MAX_JOBS = 32,
    COPY_DEFAULT_JOBS = 4,
    COPY_MAX_DEPTH = 8, /* of indexes in indexes and referrers of referrers */
};

/* All borrowed. */
struct copy_options {
    const struct destination *source;
    const struct destination *destinations;
    unsigned destination_count;
    const struct platform *platforms; /* of indexes; none: all of them */
    unsigned platform_count;
    bool all_tags;  /* of the source's repository or layout, under the same names */
    bool fail_fast; /* one tag that cannot be copied keeps those behind it from being */
    bool referrers; /* and what refers to what is copied: signatures, SBOMs ... */
    bool dry_run;   /* only find out */
    unsigned jobs;  /* blobs that are copied at the same time, 1 to COPY_MAX_JOBS */
    struct registry_options source_registry, registry; /* of the source; of the destinations */
};

struct copy_amount {
    uint64_t blobs, bytes;
};

/* What became of one destination. With dry_run: of what would become. */
struct copy_outcome {
    const struct destination *destination;
    json_t *images; /* [{"reference", "digest", "status"}] of what got a name, or has it already */
    json_t *plan;   /* with dry_run: [{"action", "digest", "mediaType", "size", "reference"}], the
                       last of what gets a name */
    json_t *failed; /* [{"tag", "error"}] with all_tags */
    struct copy_amount moved, skipped, mounted;
    struct error error; /* ERROR_NONE: all is there */
};

struct copy_result {
    double seconds;
    unsigned outcome_count;
    struct copy_outcome outcomes[COPY_MAX_DESTINATIONS];
};

/* Blocks until all is done, one destination after the other. -1: interrupted. 0: the outcomes tell
 * what is where. */
int copy_run(const struct copy_options *options, struct copy_result *result,
             struct progress *progress, struct cancel *cancel, struct error *error);
void copy_result_done(struct copy_result *result);

#endif
