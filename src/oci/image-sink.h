// SPDX-License-Identifier: Apache-2.0
/*
 * A place an image is written to: a registry, a layout, an archive file. One thread drives it, in
 * this order: open, put_layer, publish, free. Nothing is visible there before publish(), and
 * free() takes back whatever was not published.
 *
 *     struct image_sink *sink = registry_sink_new(...);      // no I/O yet
 *     image_sink_open(sink, &error)                          // reachable, writable, authorised?
 *     image_sink_put_layer(sink, source, size, progress, &error)
 *     ... the rest of the archive has been checked, the image has been built ...
 *     image_sink_publish(sink, image, &already_there, &error)
 *     image_sink_free(sink)
 */
#ifndef CKPTOCI_OCI_IMAGE_SINK_H
#define CKPTOCI_OCI_IMAGE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/progress.h"
#include "oci/image.h"

struct source;

struct image_sink {
    const struct image_sink_ops *ops;
};

struct image_sink_ops {
    int (*open)(struct image_sink *sink, struct error *error);
    int (*put_layer)(struct image_sink *sink, struct source *layer, int64_t size,
                     struct progress *progress, struct error *error);
    int (*publish)(struct image_sink *sink, const struct image *image, bool *already_there,
                   struct error *error);
    void (*free)(struct image_sink *sink);
};

/* Makes sure that the destination can be written to, before the archive is read. */
static inline int image_sink_open(struct image_sink *sink, struct error *error)
{
    return sink->ops->open(sink, error);
}

/* Takes the layer's bytes to their end. `size` is their number, -1 if only the end will tell.
 * Adds to progress->bytes_sent as bytes leave. */
static inline int image_sink_put_layer(struct image_sink *sink, struct source *layer, int64_t size,
                                       struct progress *progress, struct error *error)
{
    return sink->ops->put_layer(sink, layer, size, progress, error);
}

/* Commits the layer, adds config and manifest, and gives the image its name last of all.
 * *already_there: that name stood for this very image before. */
static inline int image_sink_publish(struct image_sink *sink, const struct image *image,
                                     bool *already_there, struct error *error)
{
    return sink->ops->publish(sink, image, already_there, error);
}

static inline void image_sink_free(struct image_sink *sink)
{
    if (sink)
        sink->ops->free(sink);
}
DEFINE_CLEANUP(struct image_sink *, image_sink_free);

#endif
