// SPDX-License-Identifier: Apache-2.0
/* JSON documents of an image layout on disk, which others have written. */
#ifndef CKPTOCI_STORE_JSON_FILE_H
#define CKPTOCI_STORE_JSON_FILE_H

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"

/* *json is a new reference to the object in file `name`, or NULL where there is no such file. -1:
 * it cannot be read, has more than `max` bytes or is no JSON object. `place` is the path of the
 * directory, for messages. */
int json_file_read(json_t **json, int dir_fd, const char *place, const char *name, size_t max,
                   struct error *error);
/* The bytes of a document that are to be checked as they are. -1: it cannot be read, is no regular
 * file or does not fit. */
int json_file_bytes(struct buffer *content, int dir_fd, const char *name, struct error *error);

#endif
