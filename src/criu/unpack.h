// SPDX-License-Identifier: Apache-2.0
/* How the parsers of this room get from an image's bytes to its messages. */
#ifndef CKPTOCI_CRIU_UNPACK_H
#define CKPTOCI_CRIU_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "criu/image.h"

enum { CRIU_LIST_MAX = 1 << 18 }; /* entries of a list that is made of an image */

/* As xgrow(). NULL: it would have too many. */
void *criu_grow(void *list, size_t count, size_t *capacity, size_t size, struct error *error);

/* The message of an image that has but one; freed with the function for its type. NULL: the bytes
 * are no such image. */
void *criu_unpack_only(const ProtobufCMessageDescriptor *type, enum criu_magic magic,
                       const void *bytes, size_t len, struct error *error);

/* Gives each message of the image to take(), which does not keep it, until that returns -1. */
int criu_unpack_each(const ProtobufCMessageDescriptor *type, enum criu_magic magic,
                     const void *bytes, size_t len,
                     int (*take)(void *context, const void *message, struct error *error),
                     void *context, struct error *error);

#endif
