// SPDX-License-Identifier: Apache-2.0
/* One run of verify, shared by its parts. Embedded in verify_run(); one thread. */
#ifndef CKPTOCI_TASK_VERIFY_JOB_H
#define CKPTOCI_TASK_VERIFY_JOB_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/walk.h"
#include "oci/image-source.h"
#include "stream/codec.h"
#include "stream/input.h"
#include "task/observing-source.h"
#include "task/verify.h"

struct verify_job {
    const struct verify_options *options;
    struct verify_result *result;
    struct progress *progress;
    struct cancel *cancel;
    const struct input *file; /* an archive that is no image; its source owns it */

    /* Of an image. */
    struct image_source *source;
    struct manifest *index;    /* if the name stands for one */
    struct manifest *manifest; /* NULL: a finding says why */
    json_t *config;            /* the same */
    bool layer_type_is_true;

    /* Of the archive. */
    struct observation blob;    /* as it came: the layer, or the file */
    struct observation archive; /* uncompressed */
    struct walk walk;
    bool has_checkpoint; /* what follows is filled in */
    struct checkpoint checkpoint;
    json_t *spec_dump, *config_dump;
    struct engine_members members;
};

/* Adds a finding. `member` NULL: it is about the whole. */
void verify_find(struct verify_job *job, enum check check, const char *member, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* Each returns -1 only where something could not be read; what is wrong becomes findings. */
int verify_documents(struct verify_job *job, struct error *error);
/* Reads the archive from `raw`, which it owns, whatever compression it has: *compression. */
int verify_archive(struct verify_job *job, struct source *raw, enum compression *compression,
                   struct error *error);
int verify_layer(struct verify_job *job, struct error *error);
/* The image's annotations and platform against the archive. */
int verify_annotations(struct verify_job *job, struct error *error);

#endif
