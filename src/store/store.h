// SPDX-License-Identifier: Apache-2.0
/*
 * The one door to this room: images in local files. An OCI image layout (image-spec,
 * image-layout.md) is a directory that images are added to; an OCI archive is such a layout in a
 * tar file, which is replaced as a whole.
 */
#ifndef CKPTOCI_STORE_STORE_H
#define CKPTOCI_STORE_STORE_H

#include <stdbool.h>

#include "oci/image-source.h"
#include "oci/image-target.h"

/* `path` is copied. Several targets may write to one layout at the same time, only one to an
 * archive. */
struct image_target *layout_target_new(const char *path);
/* A file that holds other images than those that come, or something else, is replaced only if
 * `may_replace`. */
struct image_target *oci_archive_target_new(const char *path, bool may_replace);

/* Whether an image in a layout may have this name, the value of
 * "org.opencontainers.image.ref.name", by the grammar of image-spec, annotations.md. NULL, for no
 * name, is fine. -1: ERROR_USAGE, the text quotes the rule. */
int ref_name_check(const char *name, struct error *error);

/* `reference`, copied too, is a tag or a digest, NULL for the only image there is. The tar file is
 * not unpacked: its members are read where they lie. */
struct image_source *layout_source_new(const char *path, const char *reference);
struct image_source *oci_archive_source_new(const char *path, const char *reference);

#endif
