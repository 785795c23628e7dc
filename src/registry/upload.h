// SPDX-License-Identifier: Apache-2.0
/*
 * A blob on its way into the registry, to its end whatever happens on the way. Embedded in its
 * owner; one thread.
 *
 *     upload_init(&upload, client);
 *     upload_start(&upload, &error)                        // may we push at all?
 *     upload_stream(&upload, source, size, progress, &error)
 *     upload_commit(&upload, &digest, &error)
 *     upload_done(&upload)
 *
 * How it goes:
 *
 *     POST --> one PATCH for everything ------------------------------------+--> PUT --> done
 *                |  broken off          +--> bounded PATCHes with a range --+     |
 *                v                      |                                   |     | answer lost
 *              GET: how much is there? -+                                   |     v
 *                |  nobody knows                                            |   HEAD: is it there?
 *                v                                                          |
 *              POST: from byte 0 in one PATCH; the second time bounded -----+
 *
 * Every registry takes the whole blob in one request. Bounded requests pass proxies that limit
 * their size, and when one fails only its own bytes have to be sent again. Some registries keep
 * only the last of several requests; then the digest is wrong, and the whole blob is sent again in
 * one request. Bytes that the registry has lost are read from the source again; if that cannot
 * seek, the upload fails.
 */
#ifndef CKPTOCI_REGISTRY_UPLOAD_H
#define CKPTOCI_REGISTRY_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "http/body.h"
#include "oci/digest.h"
#include "registry/client.h"
#include "registry/session.h"
#include "stream/source.h"

enum {
    /* Of a bounded request. Less than 5 MiB is too small for some, more too large for others. */
    UPLOAD_CHUNK_BYTES = 5 << 20,
    UPLOAD_SMALL_CHUNK_BYTES = 4 << 20, /* for those who say that this is their limit */
    UPLOAD_MIN_CHUNK_BYTES = 64 << 10,  /* no proxy limits requests to less */
};

struct upload {
    struct client *client; /* borrowed */
    struct session session;
    struct source *source; /* borrowed, from upload_stream() to upload_commit() */
    int64_t size;          /* bytes of the source, -1: only the end will tell */
    struct progress *progress;
    int64_t counted; /* bytes of the source that the progress knows of */

    struct body body;  /* what is being sent: the source from `kept` on */
    int64_t kept;      /* bytes the registry has acknowledged */
    int64_t given;     /* bytes the source has ever given: there cannot be more at the registry */
    unsigned failures; /* since it last had more than before */
    unsigned restarts; /* from byte 0 */

    bool bounded;       /* requests have a range and at most chunk_bytes */
    bool in_pieces;     /* more than one request went into this session */
    bool never_bounded; /* that has gone wrong once */
    size_t chunk_bytes;
    char *chunk; /* chunk_bytes of memory; NULL before it is needed */
};

void upload_init(struct upload *upload, struct client *client);
/* Takes an open session back, even when cancelled; an upload that fails is the last thing its
 * client does, which then has a few seconds left. */
void upload_done(struct upload *upload);

int upload_start(struct upload *upload, struct error *error);
/* Instead of a start: goes on with the session that the client's last response has opened, if it
 * has: a mount that was not made does. */
void upload_adopt(struct upload *upload);
bool upload_is_open(const struct upload *upload);
/* Takes an open session back; another one may be started. */
void upload_drop(struct upload *upload);

/* All bytes of the source, which stands at its beginning, `size` of them or, with -1, as many as
 * there are. It stays in use until upload_commit() has returned. If the source fails, its error is
 * returned as it is. */
int upload_stream(struct upload *upload, struct source *source, int64_t size,
                  struct progress *progress, struct error *error);
/* May take minutes, and all that upload_stream() takes if the registry has lost what it had. */
int upload_commit(struct upload *upload, const struct digest *digest, struct error *error);
/* Instead of stream and commit: a small blob in one request. */
int upload_put(struct upload *upload, const struct digest *digest, const void *data, size_t len,
               struct error *error);

#endif
