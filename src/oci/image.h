// SPDX-License-Identifier: Apache-2.0
/*
 * A checkpoint image, complete: one layer, which is elsewhere, and the two documents that describe
 * it. Built once per run by image_build() and then only read, by any thread. And the image of that
 * kind that a destination may hold already.
 */
#ifndef CKPTOCI_OCI_IMAGE_H
#define CKPTOCI_OCI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "oci/digest.h"

#define MEDIA_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"

/* Registries take no larger manifest (distribution-spec, "Pushing Manifests"). */
enum { MANIFEST_MAX_BYTES = 4 << 20 };

/* OCI image-spec, descriptor.md. */
struct descriptor {
    const char *media_type; /* borrowed */
    struct digest digest;
    uint64_t size; /* bytes */
    bool has_urls; /* it says where else its bytes are */
};

/* A new object. NULL: the media type is not valid UTF-8. */
json_t *descriptor_json(const struct descriptor *descriptor);

struct image {
    struct descriptor layer;
    struct digest diff_id; /* of the uncompressed layer, which is the archive */
    struct descriptor config;
    char *config_json; /* config.size bytes, as hashed */
    struct descriptor manifest;
    char *manifest_json; /* manifest.size bytes, as hashed */
};

/* What image_build() cannot work out itself; all borrowed. */
struct image_parts {
    struct descriptor layer;
    struct digest diff_id;
    const char *architecture; /* as Go names it: amd64, arm64 ... */
    const char *created;      /* RFC 3339 */
    json_t *annotations;      /* object of strings, for the manifest */
    const char *encoding;     /* how the layer was made: "zstd level 1"; NULL: not told */
    uint64_t archive_size;    /* bytes, uncompressed; told with the encoding only */
};

/* The config and the manifest (image-spec, config.md and manifest.md), deterministic. -1: the
 * manifest would be larger than MANIFEST_MAX_BYTES. */
int image_build(struct image **image, const struct image_parts *parts, struct error *error);
void image_free(struct image *image);
DEFINE_CLEANUP(struct image *, image_free);

enum { HELD_CONFIG_MAX_BYTES = 64 << 10 }; /* ours are far below 1 KiB */

/*
 * The image that a destination's name stands for already, as far as it matters to a run that would
 * put an image there: is it one of this program's, and how was its layer made? Filled in from the
 * received documents, one after the other; a plain value of its owner's thread, zero at first.
 *
 *     held_image_read_manifest(&held, bytes, len)    // then the config's descriptor is known
 *     held_image_read_config(&held, bytes, len)
 *     held_image_done(&held)
 */
struct held_image {
    struct descriptor manifest, config, layer;
    char *layer_type; /* layer.media_type */
    char *comment;    /* of the config's history */
};

/* The manifest as it was received. False: it is not of an image of ours; *held is then unchanged.
 */
bool held_image_read_manifest(struct held_image *held, const void *bytes, size_t len);
/* The config that the manifest has named. False: not the one it has named, or none of ours. */
bool held_image_read_config(struct held_image *held, const void *bytes, size_t len);
void held_image_done(struct held_image *held);

/*
 * Whether the layer is of that media type and was made with that encoding from an archive of that
 * many bytes, uncompressed; -1 where they are not known. True does not say that it is the same
 * archive.
 */
bool held_image_is_made_like(const struct held_image *held, const char *media_type,
                             const char *encoding, int64_t archive_size);

#endif
