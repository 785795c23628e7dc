// SPDX-License-Identifier: Apache-2.0
/*
 * A blob's bytes as they come from the registry (distribution-spec, "Pulling blobs"). Nothing is
 * stored: a thread of its own sends the GET and waits while BLOB_BUFFER_BYTES have not been taken.
 * Where a connection breaks, a Range request gets the rest. The thread has
 * the rights of whoever makes the source; who reads from it may have none (base/sandbox.h).
 */
#ifndef CKPTOCI_REGISTRY_BLOB_SOURCE_H
#define CKPTOCI_REGISTRY_BLOB_SOURCE_H

#include "base/cancel.h"
#include "oci/image.h"
#include "registry/client.h"
#include "stream/source.h"

enum { BLOB_BUFFER_BYTES = 1 << 20 }; /* one is filled while another one is read */

/* Where blobs are read from: the client is the thread's until the source is freed. Outlives it. */
struct blob_places {
    struct client **client;
    /* The present one has not given a blob, for that reason: puts another one into its place. -1:
     * there is none. The thread calls it. NULL: there never is. */
    int (*next)(void *context, struct error *reason);
    void *context;
};

/*
 * Nothing is sent before the first source_next(). The end comes after descriptor->size bytes,
 * neither sooner nor later; their digest is for the caller to check. source_seek() takes any offset
 * up to the size.
 */
struct source *blob_source_new(const struct blob_places *places,
                               const struct descriptor *descriptor, struct cancel *cancel);

#endif
