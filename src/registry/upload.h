// SPDX-License-Identifier: Apache-2.0
/*
 * A blob on its way into the registry (distribution-spec, "Pushing blobs"): POST opens a session,
 * PATCH streams into it, PUT closes it. What is not closed is taken back. Embedded in its owner.
 *
 *     upload_init(&upload, client);
 *     upload_start(&upload, &error)                        // may we push at all?
 *     upload_stream(&upload, source, size, progress, &error)
 *     upload_commit(&upload, &digest, &error)
 *     upload_done(&upload)
 */
#ifndef CKPTOCI_REGISTRY_UPLOAD_H
#define CKPTOCI_REGISTRY_UPLOAD_H

#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "oci/digest.h"
#include "registry/client.h"
#include "stream/source.h"

struct upload {
    struct client *client; /* borrowed */
    char *location;        /* where the session goes on; NULL: there is none */
};

void upload_init(struct upload *upload, struct client *client);
/* Takes an open session back, even when cancelled; an upload that fails is the last thing its
 * client does, which then has a few seconds left. */
void upload_done(struct upload *upload);

int upload_start(struct upload *upload, struct error *error);
/* All bytes of the source in one request, `size` of them or, with -1, as many as there are. If the
 * source fails, its error is returned as it is. */
int upload_stream(struct upload *upload, struct source *source, int64_t size,
                  struct progress *progress, struct error *error);
/* May take minutes. */
int upload_commit(struct upload *upload, const struct digest *digest, struct error *error);
/* Instead of stream and commit: the whole of a small blob at once. */
int upload_put(struct upload *upload, const struct digest *digest, const void *data, size_t len,
               struct error *error);

#endif
