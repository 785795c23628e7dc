// SPDX-License-Identifier: Apache-2.0
/*
 * What an archive says of the checkpoint in it, whichever engine wrote it: its JSON documents,
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

/* CRI-O's annotations that hold JSON themselves. */
enum nested {
    NESTED_ANNOTATIONS, /* an object, whose keys are data: the container's own annotations */
    NESTED_LABELS,      /* an object, whose keys are data */
    NESTED_METADATA,    /* an object; "name" is the one that Kubernetes knows */
    NESTED_VOLUMES,     /* an array */
    NESTED_MOUNT_POINTS,
    NESTED_COUNT
};

/* Strings are NULL where the archive does not say. */
struct checkpoint {
    json_t *spec, *config; /* spec.dump and config.dump: two objects */
    /* Not every engine writes these; NULL where the archive has none, or null in it. */
    json_t *status;         /* status.dump, containerd's: an object */
    json_t *bind_mounts;    /* CRI-O's: an array */
    json_t *network_status; /* podman's: an object, of podman before 4.0 an array */
    /* The JSON in the text of annotations of spec.dump, NULL where that is missing or null. */
    json_t *nested[NESTED_COUNT];
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
    struct criu_traits criu;  /* of CRIU's images; what it points to is the walk's */
};

/* From what walk_archive() kept. -1: ERROR_ARCHIVE, a document, or JSON in one of its
 * annotations, is no JSON, something else than it should be, or has a key twice. To be called in a
 * sealed thread: see base/sandbox.h. */
int checkpoint_parse(struct checkpoint *checkpoint, const struct walk *walk, struct error *error);
/* What io.kubernetes.cri-o.Annotations in spec.dump holds: CRI-O makes it the annotations of the
 * restored container. NULL without any. The checkpoint's. */
json_t *checkpoint_nested_annotations(const struct checkpoint *checkpoint);
/* Whether podman would find in config.dump what it wants (libpod, container_internal.go,
 * setupStorage): other engines' archives lack it. */
bool checkpoint_suits_podman(const struct checkpoint *checkpoint);
/* Reports what is wrong with the documents. 0, or -1: refused. */
int checkpoint_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error);
void checkpoint_done(struct checkpoint *checkpoint);

#endif
