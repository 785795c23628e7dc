// SPDX-License-Identifier: Apache-2.0
/* What verify has found: on standard output for a person, or as JSON for a script. */
#ifndef CKPTOCI_VERIFY_VIEW_H
#define CKPTOCI_VERIFY_VIEW_H

#include <jansson.h>

#include "task/verify.h"

void verify_view_plain(const struct verify_options *options, const struct verify_result *result);
/* A new object, the caller's. */
json_t *verify_view_json(const struct verify_options *options, const struct verify_result *result);

#endif
