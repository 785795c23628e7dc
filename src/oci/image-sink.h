// SPDX-License-Identifier: Apache-2.0
/*
 * A place an image is written to: a registry, a layout, an archive file. One thread at a time
 * drives it, in this order: open, look_up if wanted, put_layer, stage, publish, free. Nothing is
 * visible there before publish(), and free() takes back whatever was not published.
 *
 *     struct image_sink *sink = registry_sink_new(...);      // no I/O yet
 *     image_sink_open(sink, &error)                          // reachable, writable, authorised?
 *     image_sink_look_up(sink, &held, &error)                // what is there under the name?
 *     image_sink_put_layer(sink, source, size, progress, &error)
 *     ... the rest of the archive has been checked, the image has been built ...
 *     image_sink_stage(sink, image, &error)
 *     image_sink_publish(sink, image, &already_there, &error)
 *     image_sink_free(sink)
 *
 * The source is borrowed from put_layer() until publish() has returned, or until one of these has
 * failed: what was lost on the way may have to be sent again.
 */
#ifndef CKPTOCI_OCI_IMAGE_SINK_H
#define CKPTOCI_OCI_IMAGE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "oci/held-image.h"
#include "oci/image.h"

struct source;

struct image_sink {
    const struct image_sink_ops *ops;
    bool is_staged;
    bool is_in_clear; /* once open: what is sent goes over a network without encryption */
};

struct image_sink_ops {
    int (*open)(struct image_sink *sink, struct error *error);
    /* Or NULL: what is there is never known. */
    int (*look_up)(struct image_sink *sink, struct held_image *held, struct error *error);
    int (*put_layer)(struct image_sink *sink, struct source *layer, int64_t size,
                     struct progress *progress, struct error *error);
    /* Or NULL: publish() does all of it. */
    int (*stage)(struct image_sink *sink, const struct image *image, struct error *error);
    int (*publish)(struct image_sink *sink, const struct image *image, bool *already_there,
                   struct error *error);
    void (*free)(struct image_sink *sink);
};

/* Makes sure that the destination can be written to, before the archive is read. */
static inline int image_sink_open(struct image_sink *sink, struct error *error)
{
    return sink->ops->open(sink, error);
}

/* What the name stands for: 1 and *held, complete, with its layer there; or 0: nothing, something
 * that is not ours, or it cannot be found out. -1: the destination is lost. */
static inline int image_sink_look_up(struct image_sink *sink, struct held_image *held,
                                     struct error *error)
{
    return sink->ops->look_up ? sink->ops->look_up(sink, held, error) : 0;
}

/* Takes the layer's bytes to their end. `size` is their number, -1 if only the end will tell.
 * Adds to progress->bytes_sent as bytes leave. */
static inline int image_sink_put_layer(struct image_sink *sink, struct source *layer, int64_t size,
                                       struct progress *progress, struct error *error)
{
    return sink->ops->put_layer(sink, layer, size, progress, error);
}

/* Makes everything ready but the name: what publish() has left to do is small. */
static inline int image_sink_stage(struct image_sink *sink, const struct image *image,
                                   struct error *error)
{
    if (sink->ops->stage && sink->ops->stage(sink, image, error))
        return -1;
    sink->is_staged = true;
    return 0;
}

/* Makes the image visible under its name, after staging it where that has not been done.
 * *already_there: that name stood for this very image before. */
static inline int image_sink_publish(struct image_sink *sink, const struct image *image,
                                     bool *already_there, struct error *error)
{
    if (!sink->is_staged && image_sink_stage(sink, image, error))
        return -1;
    return sink->ops->publish(sink, image, already_there, error);
}

static inline void image_sink_free(struct image_sink *sink)
{
    if (sink)
        sink->ops->free(sink);
}
DEFINE_CLEANUP(struct image_sink *, image_sink_free);

#endif
