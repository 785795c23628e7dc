// SPDX-License-Identifier: Apache-2.0
/* What part of a blob a response is about: Content-Range (RFC 9110, section 14.4) where it holds
 * bytes, Range where an upload is going on (distribution-spec, "Pushing a blob in chunks"). Pure.
 */
#ifndef CKPTOCI_REGISTRY_CONTENT_RANGE_H
#define CKPTOCI_REGISTRY_CONTENT_RANGE_H

#include <stdint.h>

#include "base/error.h"

/* -1: the header (NULL: there is none) is not for the bytes from `start` on of `size`. An unknown
 * size, "*", is fine. */
int content_range_check(const char *header, uint64_t start, uint64_t size, struct error *error);

/* The number of the last byte that an upload has, in "0-1023", some with "bytes=" in front. -1: the
 * header (NULL: there is none) does not say. */
int64_t content_range_kept(const char *header);

#endif
