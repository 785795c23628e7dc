// SPDX-License-Identifier: Apache-2.0
/*
 * From running containers to archives and, if wanted, on to images: the kubelet is asked for one
 * container after the other, and each archive is converted as soon as it is there.
 */
#ifndef CKPTOCI_TASK_CONTAINER_CHECKPOINT_H
#define CKPTOCI_TASK_CONTAINER_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "convert/convert.h"
#include "kubelet/kubelet.h"

/* All borrowed. */
struct container_checkpoint_options {
    struct kubelet_options kubelet;
    struct container_name name; /* container NULL: all of the pod's */
    /* How images are made and where they go; no destination: there are only archives. Where all of
     * a pod's containers are wanted, the destinations get the pod's index, and each image goes
     * beside it, its tag with "-CONTAINER" behind. */
    const struct convert_options *convert;
    bool deletes_archives; /* whose images all destinations have confirmed */
};

/* What became of one container. */
struct container_outcome {
    char *container;
    char *path;                       /* on the node; NULL: there is no archive */
    struct destination *destinations; /* of its images; NULL: those of the options */
    unsigned destination_count;       /* of these */
    bool is_converted;                /* convert->deliveries tell the rest */
    struct convert_result *convert;   /* never NULL; of an archive that was refused, the findings */
    bool is_deleted;
    struct error error; /* of all but the deliveries; ERROR_NONE: none */
};

/* What became of the pod's index at one destination. */
struct index_outcome {
    const struct destination *destination;
    bool already_there;
    struct digest digest;
    struct error error; /* ERROR_NONE: it is there */
};

/* Zero-initialised. */
struct container_checkpoint_result {
    struct container_outcome *containers;
    size_t container_count;
    struct index_outcome *indexes;
    unsigned index_count; /* 0 where there is one container, or no destination */
    double seconds;
};

/* What can be told from the options alone. -1: ERROR_USAGE. */
int container_checkpoint_check(const struct container_checkpoint_options *options,
                               struct error *error);

/* Blocks until all is done. -1: nothing has been asked of any container. 0: *result tells what is
 * where. */
int container_checkpoint_run(const struct container_checkpoint_options *options,
                             struct container_checkpoint_result *result, struct progress *progress,
                             struct cancel *cancel, struct error *error);
void container_checkpoint_result_done(struct container_checkpoint_result *result);

#endif
