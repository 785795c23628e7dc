// SPDX-License-Identifier: Apache-2.0
/*
 * A manifest or an index that somebody else has written: its bytes as they were hashed, and beside
 * them what they say (image-spec, manifest.md and image-index.md; docker's schema 2). Read once,
 * then constant, for any thread. Pure: no I/O.
 */
#ifndef CKPTOCI_OCI_MANIFEST_H
#define CKPTOCI_OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "oci/image.h"

#define MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
/* All that manifest_new() understands, for an Accept header. */
#define MANIFEST_ACCEPT                                                       \
    MEDIA_TYPE_MANIFEST ", " MEDIA_TYPE_INDEX ", " MEDIA_TYPE_DOCKER_MANIFEST \
                        ", " MEDIA_TYPE_DOCKER_INDEX

enum manifest_kind {
    MANIFEST_IMAGE, /* parts: the config, then the layers */
    MANIFEST_INDEX, /* parts: further manifests */
};

struct manifest {
    char *bytes; /* NUL behind len */
    size_t len;
    char *media_type;
    struct digest digest;
    enum manifest_kind kind;
    json_t *json;
    struct descriptor *parts; /* media types belong to json */
    size_t part_count;
};

/* A part of an index that a platform is meant for; NULL: not said. Borrowed from the manifest. */
struct platform {
    const char *os, *architecture, *variant;
};

/* Takes `bytes` on success. `media_type` is what came with them, NULL for nothing; what they say
 * themselves counts more. -1: no manifest of a kind known here, or more than MANIFEST_MAX_BYTES. */
int manifest_new(struct manifest **manifest, char *bytes, size_t len, const char *media_type,
                 struct error *error);
void manifest_free(struct manifest *manifest);
DEFINE_CLEANUP(struct manifest *, manifest_free);

/* The media type is borrowed. */
static inline struct descriptor manifest_descriptor(const struct manifest *manifest)
{
    return (struct descriptor){.media_type = manifest->media_type,
                               .digest = manifest->digest,
                               .size = manifest->len};
}

/* The descriptor in a JSON object; the media type is borrowed from it. */
int manifest_read_descriptor(const json_t *json, struct descriptor *descriptor,
                             struct error *error);

/* The string in the manifest's annotations, or NULL. */
const char *manifest_annotation(const struct manifest *manifest, const char *key);
/* What the manifest is about (image-spec, manifest.md, "subject"). False: nothing. */
bool manifest_subject(const struct manifest *manifest, struct digest *subject);

/* Of part `index` of an index. */
struct platform manifest_platform(const struct manifest *manifest, size_t index);
/* "linux/arm64/v8", with ? for what is not said. free() it. */
char *platform_text(const struct platform *platform);
/* Whether an image for `is` is one for `wanted`; a variant that is not wanted does not count. */
bool platform_matches(const struct platform *is, const struct platform *wanted);
/* Whether both are the same to the variant. */
bool platform_is_same(const struct platform *is, const struct platform *wanted);
/* The part of an index for a platform: the first of those for the very same one, else the first
 * that matches. What is no manifest, as a blob of a cache, is passed over. part_count: there is
 * none. */
size_t manifest_find_platform(const struct manifest *index, const struct platform *wanted);
/* "os/arch[/variant]"; the strings, in one piece, go to free() by `os`. -1: ERROR_USAGE. */
int platform_parse(struct platform *platform, const char *text, struct error *error);

/* Whether what an index names is a manifest, if perhaps of a kind not known here. All else is a
 * blob: BuildKit keeps its cache in such an index. */
bool descriptor_is_manifest(const struct descriptor *descriptor);
/* A layer that is meant to stay where its maker has put it, and says where that is. Without that,
 * its bytes are with the manifest and perhaps nowhere else. */
bool descriptor_is_foreign(const struct descriptor *descriptor);

#endif
