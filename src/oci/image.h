// SPDX-License-Identifier: Apache-2.0
/*
 * A checkpoint image, complete: one layer, which is elsewhere, and the two documents that describe
 * it. Built once per run by image_build() and then only read, by any thread.
 */
#ifndef CKPTOCI_OCI_IMAGE_H
#define CKPTOCI_OCI_IMAGE_H

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
};

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
/* What the config's history says of how the layer was made, behind the annotations' digest, from
 * its semicolon on: "; zstd level 1; 188416 bytes". A later run knows by it whether it would make
 * the same. free() it. */
char *image_made_comment(const char *encoding, uint64_t archive_size);
DEFINE_CLEANUP(struct image *, image_free);

#endif
