// SPDX-License-Identifier: Apache-2.0
/* Content-Range, which says what part of a blob a response holds (RFC 9110, section 14.4). Pure. */
#ifndef CKPTOCI_REGISTRY_CONTENT_RANGE_H
#define CKPTOCI_REGISTRY_CONTENT_RANGE_H

#include <stdint.h>

#include "base/error.h"

/* -1: the header (NULL: there is none) is not for the bytes from `start` on of `size`. An unknown
 * size, "*", is fine. */
int content_range_check(const char *header, uint64_t start, uint64_t size, struct error *error);

#endif
