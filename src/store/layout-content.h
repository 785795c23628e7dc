// SPDX-License-Identifier: Apache-2.0
/* What lies in the directories of a layout: blobs, the marker, the index. For both the sink and the
 * target; pieces are added here, and what becomes of them after a failure is the caller's. */
#ifndef CKPTOCI_STORE_LAYOUT_CONTENT_H
#define CKPTOCI_STORE_LAYOUT_CONTENT_H

#include <stdbool.h>

#include <jansson.h>

#include "oci/image.h"
#include "store/layout-tree.h"

enum presence { ABSENT, OTHER_SIZE, PRESENT };

/* Names are digests, so a blob that is there with the right size is the right one. */
enum presence layout_find_blob(const struct layout_tree *tree, const struct descriptor *blob);
/* A small blob, whatever is there. */
int layout_write_blob(const struct layout_tree *tree, const struct descriptor *blob,
                      const void *bytes, struct error *error);

/* The index there is, or a new one. */
int layout_read_index(const struct layout_tree *tree, json_t **index, struct error *error);
/* Enters the image under the tag, which may be NULL. The layout must be locked. *already_there: it
 * was entered before. */
int layout_enter_image(const struct layout_tree *tree, const struct descriptor *manifest,
                       const char *tag, bool *already_there, struct error *error);

/* The file that makes a directory a layout. *added: it was not there. */
int layout_mark(const struct layout_tree *tree, bool *added, struct error *error);

#endif
