// SPDX-License-Identifier: Apache-2.0
/*
 * One destination of a copy, and the workers that move blobs there; copy.c does the rest. Each
 * worker has a source and a target of its own, so that workers share only what the mutex guards.
 * The first failure triggers the job's own `cancel`, which stops the other workers, unless further
 * tags are to be copied; other destinations are not affected.
 */
#ifndef CKPTOCI_TASK_COPY_BLOBS_H
#define CKPTOCI_TASK_COPY_BLOBS_H

#include <pthread.h>

#include "oci/image-source.h"
#include "oci/image-target.h"
#include "task/copy-manifests.h"
#include "task/copy.h"

struct copy_worker {
    struct copy_job *job;
    struct image_source *source; /* NULL before the worker's first blob */
    struct image_target *target;
    pthread_t thread;
    bool running;
};

struct copy_job {
    const struct copy_options *options;
    const struct destination *destination;
    struct progress *progress;
    struct cancel *cancel; /* the job's own */
    struct cancel_watch watch;
    json_t *copied; /* object whose keys are the digests of manifests that were begun */
    struct copy_manifests ahead;               /* that were read to find out what has to be moved */
    struct copy_worker workers[COPY_MAX_JOBS]; /* the first one is the main thread's */
    unsigned worker_count;

    pthread_mutex_t mutex;        /* guards what follows while workers run */
    json_t *presence;             /* of the image at hand: blobs, and whether the target has them */
    struct copy_outcome *outcome; /* borrowed */
};

/* Opens the worker's source and target, if they are not open yet. */
int copy_worker_open(struct copy_worker *worker, struct error *error);

/* Says at the end of the error whose it is, which the steps of a copy do not tell. -1. */
int copy_source_failed(const struct copy_job *job, struct error *error);
int copy_destination_failed(const struct copy_job *job, struct error *error);

/* Finds out which blobs of a manifest the target lacks: the progress has them in its total. */
int copy_look_for_blobs(struct copy_job *job, const struct manifest *manifest, struct error *error);
/* Moves all blobs that a manifest names and the target lacks, also those of an index. */
int copy_blobs(struct copy_job *job, const struct manifest *manifest, struct error *error);

#endif
