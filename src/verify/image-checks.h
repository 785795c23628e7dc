// SPDX-License-Identifier: Apache-2.0
/*
 * What the documents of an image say of themselves, of each other, of the layer, and of the archive
 * in it. For verify.c only, whose run is struct verify_job: embedded in verify_run(), one thread.
 */
#ifndef CKPTOCI_VERIFY_IMAGE_CHECKS_H
#define CKPTOCI_VERIFY_IMAGE_CHECKS_H

#include "transport/reading.h"
#include "verify/verify.h"

struct verify_job {
    const struct verify_options *options;
    struct verify_result *result;

    /* Of an image, reading.manifest and reading.config are NULL where a finding says why. */
    struct reading reading;
    struct manifest *index; /* if the image's name stands for one */
    bool layer_type_is_true;
    struct engine_members members; /* of the archive */
};

/* Adds a finding. `member` NULL: it is about the whole. */
void verify_find(struct verify_job *job, enum check check, const char *member, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* Gets and checks manifest and config, and fills in job->reading and job->index. -1: something
 * could not be read; what is wrong becomes findings. */
int verify_documents(struct verify_job *job, struct error *error);
/* After the layer has been read: its bytes against what the manifest and the config say. */
void verify_blob(struct verify_job *job);
/* The image's annotations and platform against the archive, whose metadata could be parsed. -1: no
 * annotations can be made of it. */
int verify_annotations(struct verify_job *job, struct error *error);

#endif
