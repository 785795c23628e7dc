// SPDX-License-Identifier: Apache-2.0
/*
 * A place images are copied to, piece by piece: a registry, a layout, an archive file. Unlike an
 * image sink it takes any image, and several. One thread drives it:
 *
 *     struct image_target *target = registry_target_new(...);        // no I/O yet
 *     image_target_open(target, &error)
 *     image_target_has_blob, else image_target_mount_blob, else image_target_put_blob ...
 *     image_target_put_manifest(target, manifest, name, &already_there, &error)
 *     image_target_finish(target, &error)
 *     image_target_free(target)
 *
 * A manifest comes after everything it names.
 */
#ifndef CKPTOCI_OCI_IMAGE_TARGET_H
#define CKPTOCI_OCI_IMAGE_TARGET_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "oci/manifest.h"

struct source;

struct image_target {
    const struct image_target_ops *ops;
};

/* What a manifest is called at its destination. */
struct manifest_name {
    bool is_part;    /* nothing but its digest: an index names it */
    const char *tag; /* of one that is no part; NULL: it has none */
};

struct image_target_ops {
    int (*open)(struct image_target *target, struct error *error);
    int (*has_blob)(struct image_target *target, const struct descriptor *blob, bool *has,
                    struct error *error);
    int (*mount_blob)(struct image_target *target, const struct descriptor *blob,
                      const char *repository, bool *mounted, struct error *error); /* or NULL */
    int (*put_blob)(struct image_target *target, const struct descriptor *blob,
                    struct source *bytes, struct progress *progress, struct error *error);
    int (*has_manifest)(struct image_target *target, const struct manifest *manifest,
                        const struct manifest_name *name, bool *has, struct error *error);
    int (*put_manifest)(struct image_target *target, const struct manifest *manifest,
                        const struct manifest_name *name, struct error *error);
    int (*finish)(struct image_target *target, struct error *error);
    void (*free)(struct image_target *target);
};

static inline int image_target_open(struct image_target *target, struct error *error)
{
    return target->ops->open(target, error);
}

/* With the size it should have; one of another size is as good as none. */
static inline int image_target_has_blob(struct image_target *target, const struct descriptor *blob,
                                        bool *has, struct error *error)
{
    return target->ops->has_blob(target, blob, has, error);
}

/* Takes the blob over from another repository of the same registry. */
static inline int image_target_mount_blob(struct image_target *target,
                                          const struct descriptor *blob, const char *repository,
                                          bool *mounted, struct error *error)
{
    *mounted = false;
    if (!target->ops->mount_blob)
        return 0;
    return target->ops->mount_blob(target, blob, repository, mounted, error);
}

/* The source has checked the bytes when it ends. Adds to progress->bytes_sent. */
static inline int image_target_put_blob(struct image_target *target, const struct descriptor *blob,
                                        struct source *bytes, struct progress *progress,
                                        struct error *error)
{
    return target->ops->put_blob(target, blob, bytes, progress, error);
}

/* Whether the name stands for this very manifest already. */
static inline int image_target_has_manifest(struct image_target *target,
                                            const struct manifest *manifest,
                                            const struct manifest_name *name, bool *has,
                                            struct error *error)
{
    return target->ops->has_manifest(target, manifest, name, has, error);
}

/* Also makes one with a subject known as its referrer. */
static inline int image_target_put_manifest(struct image_target *target,
                                            const struct manifest *manifest,
                                            const struct manifest_name *name, struct error *error)
{
    return target->ops->put_manifest(target, manifest, name, error);
}

/* Nothing more will come. */
static inline int image_target_finish(struct image_target *target, struct error *error)
{
    return target->ops->finish(target, error);
}

static inline void image_target_free(struct image_target *target)
{
    if (target)
        target->ops->free(target);
}
DEFINE_CLEANUP(struct image_target *, image_target_free);

#endif
