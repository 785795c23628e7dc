// SPDX-License-Identifier: Apache-2.0
/* The checks of an archive beside what the user says of it and where it goes. */
#ifndef CKPTOCI_CONVERT_CONVERT_CHECKS_H
#define CKPTOCI_CONVERT_CONVERT_CHECKS_H

#include <stdint.h>

#include "convert/convert.h"
#include "stream/input.h"
#include "transport/archive-content.h"

/* Of the file: its name and who can read it; and of options->name. 0, or -1: refused. */
int convert_check_archive(struct findings *findings, const struct convert_options *options,
                          const struct input *input, const struct checkpoint *checkpoint,
                          struct error *error);

/* All that can be said of the metadata without stopping, after a walk that has succeeded: each
 * check may refuse, and the next one is still asked. That there is no checkpoint in it is a
 * finding, too. `path` is that of `file`, which is NULL for what is in no file. */
void convert_check_metadata(const struct archive_content *content, const char *path,
                            const struct input *file);

/* Whether each destination takes a layer of `layer_size` bytes. */
int convert_check_limits(struct findings *findings, const struct convert_options *options,
                         uint64_t layer_size, struct error *error);

#endif
