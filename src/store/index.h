// SPDX-License-Identifier: Apache-2.0
/*
 * What image-spec, image-layout.md, fixes: the names in a layout, the text of the file that marks
 * one, and the document "index.json" (image-index.md), which says which images are there and what
 * they are called. Pure: no I/O.
 */
#ifndef CKPTOCI_STORE_INDEX_H
#define CKPTOCI_STORE_INDEX_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "oci/image.h"

#define LAYOUT_INDEX_FILE "index.json"
#define LAYOUT_BLOBS "blobs/sha256"
#define LAYOUT_FILE "oci-layout"
#define LAYOUT_VERSION_KEY "imageLayoutVersion"
#define LAYOUT_VERSION "1.0.0"
#define LAYOUT_CONTENT "{\"" LAYOUT_VERSION_KEY "\":\"" LAYOUT_VERSION "\"}"

/* Some forty thousand images. */
enum { INDEX_MAX_BYTES = 16 << 20 };

/* Whether an image may have this name, the value of "org.opencontainers.image.ref.name", by the
 * grammar of image-spec, annotations.md. NULL, for no name, is fine. -1: ERROR_USAGE, the text
 * quotes the rule. */
int ref_name_check(const char *name, struct error *error);

/* An index without images. */
json_t *index_new(void);
/* Whether an index from elsewhere can be added to. */
int index_check(const json_t *index, struct error *error);
/*
 * Makes `tag` the name of this manifest and of no other. Without a tag (NULL) the manifest is added
 * without a name. Everything else in the index stays as it is. False: that was so before, and
 * nothing has changed.
 */
bool index_set_image(json_t *index, const struct descriptor *manifest, const char *tag);
/* How many images there are, under how many names. */
size_t index_count(const json_t *index);
/* The name of one of them, or NULL. */
const char *index_tag(const json_t *index, size_t i);
/* The image of that name, or with NULL the only one there is; NULL: there is none. */
const json_t *index_find_image(const json_t *index, const char *tag);
/* The manifest that `tag` stands for, where it is one; without a tag (NULL) the last one without a
 * name. */
bool index_find_manifest(const json_t *index, const char *tag, struct digest *digest);
/* *text goes to free(). -1: more than INDEX_MAX_BYTES. */
int index_format(const json_t *index, char **text, struct error *error);

#endif
