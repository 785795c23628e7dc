// SPDX-License-Identifier: Apache-2.0
/*
 * One upload session at a registry, request by request (distribution-spec, "Pushing blobs"). It
 * decides nothing: what to do after an answer is upload.c's business. Embedded in the upload.
 */
#ifndef CKPTOCI_REGISTRY_SESSION_H
#define CKPTOCI_REGISTRY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/body.h"
#include "oci/digest.h"
#include "registry/client.h"

struct session {
    struct client *client;  /* borrowed */
    char *location;         /* where the session goes on; NULL: there is none */
    size_t chunk_min_bytes; /* smallest request the registry takes but for the last; 0: any */
    bool has_none_or_one;   /* the last session_ask() could not tell which, and said none */
};

/* For all but SESSION_TAKEN there is an error. */
enum session_answer {
    SESSION_TAKEN,
    SESSION_BROKEN,      /* no answer, or one that says "not now" */
    SESSION_GONE,        /* there is no such session */
    SESSION_TOO_LARGE,   /* smaller requests may be taken */
    SESSION_WRONG_RANGE, /* the registry has another number of bytes */
    SESSION_UNSUITED,    /* the registry does not take bytes in this way */
    SESSION_WRONG_BYTES, /* what it has does not have the digest */
    SESSION_FAILED,      /* for good */
};

void session_init(struct session *session, struct client *client);
/* Forgets the session; the registry is not told. */
void session_done(struct session *session);

/* POST: opens a session, in the place of the one there was. */
int session_start(struct session *session, struct error *error);

/* The same, but the session is the one that the client's last response has opened; if it has none,
 * nothing changes. */
void session_adopt(struct session *session);

/* PATCH without a range, for all there is. Even if the source fails, the request is ended in good
 * order where it can be: only a fresh Location lets the session be cancelled. */
enum session_answer session_stream(struct session *session, struct body *body, struct error *error);
/* PATCH with a range: bytes offset to offset + len - 1; len > 0. */
enum session_answer session_put_chunk(struct session *session, const void *data, size_t len,
                                      int64_t offset, struct error *error);
/* GET: how many bytes the registry has. Anything but SESSION_TAKEN: it does not say. */
enum session_answer session_ask(struct session *session, int64_t *kept, struct error *error);
/* PUT, with the last `len` bytes; may take minutes. */
enum session_answer session_commit(struct session *session, const struct digest *digest,
                                   const void *data, size_t len, struct error *error);
/* DELETE; what comes of it does not matter. */
void session_cancel(struct session *session);

#endif
