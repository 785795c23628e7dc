// SPDX-License-Identifier: Apache-2.0
/*
 * What an archive says of the checkpoint in it, whichever engine wrote it. Every value is the
 * archive's word, not ours: it may be missing, and it may be a lie. Read-only once parsed.
 */
#ifndef CKPTOCI_CHECKPOINT_CHECKPOINT_H
#define CKPTOCI_CHECKPOINT_CHECKPOINT_H

#include <time.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "checkpoint/walk.h"

enum engine {
    ENGINE_UNKNOWN,
    ENGINE_CRIO,
    ENGINE_CONTAINERD,
    ENGINE_PODMAN,
};

/* Strings are NULL where the archive does not say. */
struct checkpoint {
    enum engine engine;
    char *container; /* the name the user gave it: in Kubernetes, the one in the pod's spec */
    char *pod;
    char *pod_namespace;
    char *pod_id; /* of the sandbox */
    char *runtime;
    char *image_requested; /* the base image as the user wrote it */
    char *image_name;
    char *image_id;           /* the engine's reference: an image id, or a name with a digest */
    char *image_digest;       /* "sha256:...", of the base image's manifest */
    char *raw_image_name;     /* podman's */
    const char *architecture; /* as Go names it; NULL where CRIU's images do not tell */
    time_t time;              /* when the checkpoint was made */
};

/* From what walk_archive() kept. -1: ERROR_ARCHIVE, a file that is no JSON object. */
int checkpoint_parse(struct checkpoint *checkpoint, const struct walk *walk, struct error *error);
void checkpoint_done(struct checkpoint *checkpoint);

/* The engine as checkpointctl names it; NULL for ENGINE_UNKNOWN. */
const char *engine_name(enum engine engine);

/*
 * The manifest annotations by which each engine knows a checkpoint image, all at once: a new JSON
 * object of strings, the caller's. `container` stands for the archive's own name if not NULL;
 * `created` is RFC 3339. -1: there is no container name at all (ERROR_ARCHIVE; --name helps).
 */
int checkpoint_annotations(const struct checkpoint *checkpoint, const char *container,
                           const char *created, json_t **annotations, struct error *error);

#endif
