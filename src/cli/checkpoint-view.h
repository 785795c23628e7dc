// SPDX-License-Identifier: Apache-2.0
/* What became of the containers that were to be checkpointed: for a person, or as JSON. */
#ifndef CKPTOCI_CHECKPOINT_VIEW_H
#define CKPTOCI_CHECKPOINT_VIEW_H

#include <jansson.h>

#include "task/container-checkpoint.h"

/* To standard output: the archives' paths, or the images where there are destinations. */
void checkpoint_view_plain(const struct container_checkpoint_options *options,
                           const struct container_checkpoint_result *result);
/* A new object, the caller's. */
json_t *checkpoint_view_json(const struct container_checkpoint_options *options,
                             const struct container_checkpoint_result *result);
/* Warnings and errors, to stderr; `status` as cmd_fail_first() has it. */
void checkpoint_view_failures(const struct container_checkpoint_result *result, int *status);

#endif
