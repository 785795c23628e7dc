// SPDX-License-Identifier: Apache-2.0
/*
 * The one door to this room: images in local files. An OCI image layout (image-spec,
 * image-layout.md) is a directory that images are added to; an OCI archive is such a layout in a
 * tar file, which is replaced as a whole.
 */
#ifndef CKPTOCI_STORE_STORE_H
#define CKPTOCI_STORE_STORE_H

#include "oci/image-source.h"
#include "oci/image-target.h"

/* `path` is copied. Several targets may write to one layout at the same time, only one to an
 * archive. */
struct image_target *layout_target_new(const char *path);
struct image_target *oci_archive_target_new(const char *path);

/* `reference`, copied too, is a tag or a digest, NULL for the only image there is. The tar file is
 * not unpacked: its members are read where they lie. */
struct image_source *layout_source_new(const char *path, const char *reference);
struct image_source *oci_archive_source_new(const char *path, const char *reference);

#endif
