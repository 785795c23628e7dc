// SPDX-License-Identifier: Apache-2.0
/*
 * What an archive says of the checkpoint in it, whichever engine wrote it: its two JSON documents,
 * parsed once, and the facts taken from them. Every value comes from the archive: it may be
 * missing, and it may be a lie. Read-only once parsed.
 */
#ifndef CKPTOCI_CHECKPOINT_CHECKPOINT_H
#define CKPTOCI_CHECKPOINT_CHECKPOINT_H

#include <stdbool.h>
#include <time.h>

#include "archive/walk.h"
#include "base/error.h"
#include "base/memory.h"
#include "checkpoint/engine.h"

/* Strings are NULL where the archive does not say. */
struct checkpoint {
    json_t *spec, *config; /* spec.dump and config.dump: two objects */
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
    struct criu_traits criu;  /* of CRIU's images */
    /* The annotation io.kubernetes.cri-o.Annotations in spec.dump holds a JSON object. */
    bool has_crio_annotations;
};

/* From what walk_archive() kept. -1: ERROR_ARCHIVE, a document that is no JSON object or has a key
 * twice. To be called in a sealed thread: see base/sandbox.h. */
int checkpoint_parse(struct checkpoint *checkpoint, const struct walk *walk, struct error *error);
/* Reports what is wrong with the documents. 0, or -1: refused. */
int checkpoint_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error);
void checkpoint_done(struct checkpoint *checkpoint);

#endif
