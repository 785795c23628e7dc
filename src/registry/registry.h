// SPDX-License-Identifier: Apache-2.0
/*
 * The one door to this room: an image repository in a registry, as a place to push to or to pull
 * from, by the OCI distribution specification. How a registry is reached and who we are there is in
 * the options.
 */
#ifndef CKPTOCI_REGISTRY_REGISTRY_H
#define CKPTOCI_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "oci/image-source.h"
#include "oci/image-target.h"
#include "oci/reference.h"

/* All strings are borrowed and may be NULL: not given. They must outlive every source and
 * target. */
struct registry_options {
    const char *creds;     /* "user:password" or "user"; secret */
    const char *authfile;  /* path; else the usual files are searched */
    const char *cert_dir;  /* *.crt, X.cert and X.key in it are used; else certs.d is searched */
    bool creds_entered;    /* creds are what the user has just typed, for login */
    bool creds_shared;     /* creds may be meant for another registry than the one that is read */
    bool only_named;       /* read from there, whatever registries.conf says of other places */
    bool tls_verify;       /* false: https unverified, then http */
    bool tls_verify_given; /* by the user, so that registries.conf does not count */

    struct backoff retry;          /* what fails on the way, or at the registry for a while */
    int64_t stall_timeout_ms;      /* without a byte in either direction; 0: wait for ever */
    size_t chunk_bytes;            /* most bytes of one request; 0: as many as the registry takes */
    struct rate_limit *rate_limit; /* for the layers of all uploads together; NULL: none */
};

/* What holds where the user does not say anything else. */
enum {
    REGISTRY_RETRY_TIMES = 3,
    REGISTRY_RETRY_DELAY_MS = 1000,
    REGISTRY_STALL_TIMEOUT_MS = 180 * 1000,
    REGISTRY_CHUNK_MAX_BYTES = 100 * 1000 * 1000,
};

/* Once, before other threads start. */
int registry_global_init(struct error *error);

/* A source that pulls from `reference` (copied); its digest, where given, before its tag. No I/O
 * yet. `cancel` is watched during transfers. */
struct image_source *registry_source_new(const struct reference *reference,
                                         const struct registry_options *options,
                                         struct cancel *cancel);

/* A target that pushes to the repository of `reference`; the tags come with the images. The rest as
 * above. */
struct image_target *registry_target_new(const struct reference *reference,
                                         const struct registry_options *options,
                                         struct cancel *cancel);

#endif
