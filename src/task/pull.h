// SPDX-License-Identifier: Apache-2.0
/* From a checkpoint image back to the archive that it was made of. */
#ifndef CKPTOCI_TASK_PULL_H
#define CKPTOCI_TASK_PULL_H

#include <stdbool.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "transport/destination.h"

/* All borrowed. */
struct pull_options {
    const struct destination *image;
    const char *path; /* of the archive; NULL: write to output_fd as the bytes come */
    int output_fd;
    bool may_replace;         /* a file at path */
    bool keeps_compression;   /* the layer's blob as it is */
    struct platform platform; /* of an index; os NULL: this machine's */
    struct registry_options registry;
};

struct pull_result {
    struct digest manifest, layer, diff_id;
    char layer_media_type[128];
    uint64_t layer_size;   /* bytes */
    uint64_t archive_size; /* bytes, uncompressed */
    double seconds;
};

/* Blocks until all is done. -1: there is no file; what went to output_fd must not be used. */
int pull_run(const struct pull_options *options, struct pull_result *result,
             struct progress *progress, struct cancel *cancel, struct error *error);

#endif
