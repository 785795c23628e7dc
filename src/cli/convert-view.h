// SPDX-License-Identifier: Apache-2.0
/* What became of an archive that was converted: for a person, or as JSON for a script. */
#ifndef CKPTOCI_CONVERT_VIEW_H
#define CKPTOCI_CONVERT_VIEW_H

#include <jansson.h>

#include "base/error.h"
#include "task/convert.h"

/* A new object, the caller's. */
json_t *convert_view_json(const struct convert_result *result, const char *archive);
/* To standard output: a line for each destination that has the image. */
void convert_view_plain(const struct convert_result *result);
/* For --digestfile. */
int convert_view_write_digest(const char *path, const struct digest *digest, struct error *error);

/* What became of one destination; the digest counts where there is no error. */
json_t *convert_view_delivery(const struct destination *destination, bool already_there,
                              const struct digest *digest, const struct error *error);

#endif
