// SPDX-License-Identifier: Apache-2.0
/* The checks of where an archive goes. */
#ifndef CKPTOCI_CONVERT_CONVERT_CHECKS_H
#define CKPTOCI_CONVERT_CONVERT_CHECKS_H

#include <stdint.h>

#include "convert/convert.h"

/* Whether each destination takes a layer of `layer_size` bytes. */
int convert_check_limits(struct findings *findings, const struct convert_options *options,
                         uint64_t layer_size, struct error *error);

#endif
