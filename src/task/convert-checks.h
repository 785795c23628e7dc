// SPDX-License-Identifier: Apache-2.0
/* The checks of an archive beside what the user says of it and where it goes. */
#ifndef CKPTOCI_TASK_CONVERT_CHECKS_H
#define CKPTOCI_TASK_CONVERT_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/finding.h"
#include "checkpoint/walk.h"
#include "stream/input.h"
#include "task/convert.h"

/* Of the file: its name and who can read it; and of options->name. 0, or -1: refused. */
int convert_check_archive(struct findings *findings, const struct convert_options *options,
                          const struct input *input, const struct checkpoint *checkpoint,
                          struct error *error);

/*
 * All that can be said of the metadata without stopping: each check may refuse, and the next one is
 * still asked. `path` and `file`, which is NULL for what is in no file, as above. false: there is
 * nothing to be read in it, which is a finding, too; else *checkpoint is the caller's.
 */
bool convert_check_metadata(struct findings *findings, const struct walk *walk, const char *path,
                            const struct input *file, struct checkpoint *checkpoint);

/* Whether each destination takes a layer of `layer_size` bytes. */
int convert_check_limits(struct findings *findings, const struct convert_options *options,
                         uint64_t layer_size, struct error *error);

#endif
