// SPDX-License-Identifier: Apache-2.0
/*
 * A place images are written to: a registry, a layout, an archive file; the other side of
 * oci/image-source.h. One thread at a time drives it. There are two ways to use it. Images that are
 * ready elsewhere, any number of them, come piece by piece, each manifest after what it names:
 *
 *     struct image_target *target = registry_target_new(...);        // no I/O yet
 *     image_target_open(target, NULL, &error)
 *     image_target_admit
 *     image_target_has_blob, else image_target_mount_blob, else image_target_put_blob ...
 *     image_target_has_manifest, else image_target_put_manifest ...
 *     image_target_publish(target, &error)
 *     image_target_free(target)
 *
 * One image whose layer is made while it is sent, so that its digest is known only at the end, is
 * visible as a whole or not at all. Until publish() nothing is, and free() takes back what has not
 * been published:
 *
 *     image_target_open(target, &name, &error)            // reachable, writable, authorised?
 *     image_target_look_up(target, &held, &error)         // what is there under the name?
 *     image_target_put_layer(target, source, size, progress, &error)
 *     ... the rest of the archive has been checked, the image has been built ...
 *     image_target_stage(target, image, &error)
 *     image_target_publish(target, &error)
 *     image_target_free(target)
 *
 * The layer's source and the image are borrowed until publish() has returned or one of these has
 * failed: what was lost on the way may have to be sent again.
 */
#ifndef CKPTOCI_OCI_IMAGE_TARGET_H
#define CKPTOCI_OCI_IMAGE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "oci/image.h"
#include "oci/manifest.h"

struct source;

struct image_target {
    const struct image_target_ops *ops;
    bool is_in_clear;   /* once open: what is sent goes over a network without encryption */
    bool already_there; /* once published: the name stood for the image that was staged before */
};

/* What a manifest is called at its destination. */
struct manifest_name {
    bool is_part;       /* nothing but its digest: an index names it */
    const char *tag;    /* of one that is no part; NULL: it has none */
    const char *digest; /* that it has to have, of a copy; NULL: any */
};

struct image_target_ops {
    int (*open)(struct image_target *target, const struct manifest_name *name, struct error *error);
    int (*admit)(struct image_target *target, const struct manifest *manifest,
                 const struct manifest_name *name, bool is_alone,
                 struct error *error); /* or NULL */
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
    int (*look_up)(struct image_target *target, struct held_image *held, struct error *error);
    int (*put_layer)(struct image_target *target, struct source *layer, int64_t size,
                     struct progress *progress, struct error *error);
    int (*stage)(struct image_target *target, const struct image *image, struct error *error);
    int (*publish)(struct image_target *target, struct error *error);
    void (*free)(struct image_target *target);
};

/* `name`: of the one image that will be staged; its tag is borrowed. Its upload is begun, so that
 * missing rights show before the archive is read. NULL: any images will come. */
static inline int image_target_open(struct image_target *target, const struct manifest_name *name,
                                    struct error *error)
{
    return target->ops->open(target, name, error);
}

/* Whether this manifest may have the name there, before what it names is sent. `is_alone`: no other
 * named one will come. -1: it would take something away that nobody said may go. */
static inline int image_target_admit(struct image_target *target, const struct manifest *manifest,
                                     const struct manifest_name *name, bool is_alone,
                                     struct error *error)
{
    return target->ops->admit ? target->ops->admit(target, manifest, name, is_alone, error) : 0;
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

/* The source has checked the bytes when it ends. Adds to progress->bytes_sent. The blob stays even
 * if its image never comes: copying again goes on from there. */
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

/* What the name stands for: 1 and *held, complete, with its layer there; or 0: nothing, something
 * that is not ours, or it cannot be found out. -1: the destination is lost. */
static inline int image_target_look_up(struct image_target *target, struct held_image *held,
                                       struct error *error)
{
    return target->ops->look_up(target, held, error);
}

/* Takes the layer's bytes to their end. `size` is their number, -1 if only the end will tell.
 * Adds to progress->bytes_sent as bytes leave. */
static inline int image_target_put_layer(struct image_target *target, struct source *layer,
                                         int64_t size, struct progress *progress,
                                         struct error *error)
{
    return target->ops->put_layer(target, layer, size, progress, error);
}

/* Makes everything of the image ready but its name: publish() has little left to do. */
static inline int image_target_stage(struct image_target *target, const struct image *image,
                                     struct error *error)
{
    return target->ops->stage(target, image, error);
}

/* Makes visible what is not yet: the staged image, under the name that the target was opened with;
 * in an archive file, all that has been put. Nothing may come after. */
static inline int image_target_publish(struct image_target *target, struct error *error)
{
    return target->ops->publish(target, error);
}

static inline void image_target_free(struct image_target *target)
{
    if (target)
        target->ops->free(target);
}
DEFINE_CLEANUP(struct image_target *, image_target_free);

#endif
