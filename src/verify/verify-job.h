// SPDX-License-Identifier: Apache-2.0
/* One run of verify, shared by its parts. Embedded in verify_run(); one thread. */
#ifndef CKPTOCI_VERIFY_VERIFY_JOB_H
#define CKPTOCI_VERIFY_VERIFY_JOB_H

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

/* Each returns -1 only where something could not be read; what is wrong becomes findings. */
int verify_documents(struct verify_job *job, struct error *error);
/* The archive that job->reading has opened, whatever compression it has. */
int verify_archive(struct verify_job *job, struct error *error);
/* The only layer of the image, and the archive in it. */
int verify_layer(struct verify_job *job, struct error *error);
/* The image's annotations and platform against the archive. */
int verify_annotations(struct verify_job *job, struct error *error);

#endif
