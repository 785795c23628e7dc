// SPDX-License-Identifier: Apache-2.0
/* The name of an image inside a layout, the value of "org.opencontainers.image.ref.name". */
#ifndef CKPTOCI_STORE_REF_NAME_H
#define CKPTOCI_STORE_REF_NAME_H

#include "base/error.h"

/* The grammar is that of image-spec, annotations.md. NULL, for no name, is fine. -1: ERROR_USAGE,
 * the text quotes the rule. */
int ref_name_check(const char *name, struct error *error);

#endif
