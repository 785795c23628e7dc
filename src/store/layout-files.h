// SPDX-License-Identifier: Apache-2.0
/*
 * The files of an image layout (image-spec, image-layout.md): their names, the text of the one that
 * marks a layout, the document "index.json" (image-index.md), which says which images are there and
 * what they are called, and how files are read and written. The functions for the index are pure.
 */
#ifndef CKPTOCI_STORE_LAYOUT_FILES_H
#define CKPTOCI_STORE_LAYOUT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/tmpfile.h"
#include "oci/image.h"
#include "stream/source.h"

#define LAYOUT_INDEX_FILE "index.json"
#define LAYOUT_BLOBS "blobs/sha256"
#define LAYOUT_FILE "oci-layout"
#define LAYOUT_VERSION_KEY "imageLayoutVersion"
#define LAYOUT_VERSION "1.0.0"
#define LAYOUT_CONTENT "{\"" LAYOUT_VERSION_KEY "\":\"" LAYOUT_VERSION "\"}"

enum {
    LAYOUT_FILE_MAX_BYTES = 64 << 10,
    INDEX_MAX_BYTES = 16 << 20, /* some forty thousand images */
};

/* An index without images. */
json_t *index_new(void);
/* Whether an index from elsewhere can be added to. A list that is null or missing, as programs in
 * Go write an empty one, becomes one. */
int index_check(json_t *index, struct error *error);
/*
 * Makes `tag` the name of this manifest and of no other. Without a tag (NULL) the manifest is added
 * without a name. Everything else in the index stays as it is. False: that was so before, and
 * nothing has changed.
 */
bool index_set_image(json_t *index, const struct descriptor *manifest, const char *tag);
/* Whether index_set_image() would take the name from several images that their full names, in
 * "io.containerd.image.name", tell apart: those would be lost with it. */
bool index_name_is_shared(const json_t *index, const char *tag);
/* What the first image is called, by its ref.name or digest, that `before` has and `after` has not,
 * or not under that name; borrowed. NULL: there is none. */
const char *index_find_lost(const json_t *before, const json_t *after);
/* The first name in the index that is not `tag`, borrowed; NULL: there is none. */
const char *index_find_other_name(const json_t *index, const char *tag);
/* How many entries there are. */
size_t index_count(const json_t *index);
/* What the images are called, each name once, by their ref.name. Where several different ones share
 * that, or have none, it is the full name in "io.containerd.image.name", which containerd and
 * docker write. *unnamed: the digests of those that have neither. Both are new arrays of strings.
 */
void index_list_names(const json_t *index, json_t **names, json_t **unnamed);
/* The image of that name, or with NULL the only one there is. NULL: there is none, or *ambiguous:
 * the name stands for several that differ. */
const json_t *index_find_image(const json_t *index, const char *name, bool *ambiguous);
/* The manifest that `tag` stands for, where it is one; without a tag (NULL) the last one without a
 * name. */
bool index_find_manifest(const json_t *index, const char *tag, struct digest *digest);
/* *text goes to free(). -1: more than INDEX_MAX_BYTES. */
int index_format(const json_t *index, char **text, struct error *error);

/* *json is a new reference to the object in file `name`, or NULL where there is no such file. -1:
 * it cannot be read, has more than `max` bytes or is no JSON object. `place` is the path of the
 * directory, for messages. */
int json_file_read(json_t **json, int dir_fd, const char *place, const char *name, size_t max,
                   struct error *error);
/* The bytes of a document that are to be checked as they are. -1: it cannot be read, is no regular
 * file or does not fit. */
int json_file_bytes(struct buffer *content, int dir_fd, const char *name, struct error *error);

/* Appends all that is left of the source and counts it in progress->bytes_sent. */
int tmpfile_append_source(struct tmpfile *file, struct source *source, struct progress *progress,
                          struct error *error);

#endif
