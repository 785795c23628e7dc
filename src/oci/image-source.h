// SPDX-License-Identifier: Apache-2.0
/*
 * A place images are read from: a registry, a layout, an archive file; the other side of
 * oci/image-target.h. One thread drives it, and has at most one blob open at a time.
 *
 *     struct image_source *source = registry_source_new(...);        // no I/O yet
 *     image_source_open(source, &error)
 *     image_source_get_manifest(source, NULL, &manifest, &error)     // the image that was named
 *     image_source_get_blob(source, &manifest->parts[0], &blob, &error)
 *     ... source_free(blob), further ones ...
 *     image_source_free(source)
 */
#ifndef CKPTOCI_OCI_IMAGE_SOURCE_H
#define CKPTOCI_OCI_IMAGE_SOURCE_H

#include "base/error.h"
#include "base/memory.h"
#include "oci/manifest.h"

struct source;

enum { IMAGE_SOURCE_MAX_TAGS = 100000 };

struct image_source {
    const struct image_source_ops *ops;
};

struct image_source_ops {
    int (*open)(struct image_source *source, struct error *error);
    int (*get_manifest)(struct image_source *source, const char *reference,
                        struct manifest **manifest, struct error *error);
    int (*get_blob)(struct image_source *source, const struct descriptor *descriptor,
                    struct source **blob, struct error *error);
    int (*list_tags)(struct image_source *source, json_t **tags, struct error *error);
    json_t *(*list_unnamed)(struct image_source *source); /* or NULL */
    int (*list_referrers)(struct image_source *source, const struct digest *subject,
                          json_t **descriptors, struct error *error);
    void (*free)(struct image_source *source);
};

static inline int image_source_open(struct image_source *source, struct error *error)
{
    return source->ops->open(source, error);
}

/* By tag or digest; NULL: what the source was made for. Bytes that do not have the digest asked
 * for are refused here, whatever the source. */
int image_source_get_manifest(struct image_source *source, const char *reference,
                              struct manifest **manifest, struct error *error);

/* The blob's bytes, as many as its size says; whether they have its digest is for the caller to
 * check. */
static inline int image_source_get_blob(struct image_source *source,
                                        const struct descriptor *descriptor, struct source **blob,
                                        struct error *error)
{
    return source->ops->get_blob(source, descriptor, blob, error);
}

/* *tags: a new array, at most IMAGE_SOURCE_MAX_TAGS, of what the images are called there. Nobody
 * has looked at what is in it: a layout may have full names, and a registry can say anything. */
static inline int image_source_list_tags(struct image_source *source, json_t **tags,
                                         struct error *error)
{
    return source->ops->list_tags(source, tags, error);
}

/* A new array of the digests of those that nothing is called there and that no list of tags has. */
static inline json_t *image_source_list_unnamed(struct image_source *source)
{
    return source->ops->list_unnamed ? source->ops->list_unnamed(source) : json_array();
}

/* *descriptors: a new array of the descriptors of manifests whose subject this is. */
static inline int image_source_list_referrers(struct image_source *source,
                                              const struct digest *subject, json_t **descriptors,
                                              struct error *error)
{
    return source->ops->list_referrers(source, subject, descriptors, error);
}

static inline void image_source_free(struct image_source *source)
{
    if (source)
        source->ops->free(source);
}
DEFINE_CLEANUP(struct image_source *, image_source_free);

#endif
