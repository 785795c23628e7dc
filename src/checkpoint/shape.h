// SPDX-License-Identifier: Apache-2.0
/*
 * What the engines take a document for. They are written in Go, whose encoding/json looks for the
 * field of a structure in any case, and in some letters beyond ASCII; the last one that it finds
 * wins. So a key that is nearly a field's name is that field to them, and not to us. The keys of
 * maps are data, of which each stands for itself.
 *
 * The tables are constants; any thread.
 */
#ifndef CKPTOCI_CHECKPOINT_SHAPE_H
#define CKPTOCI_CHECKPOINT_SHAPE_H

#include <jansson.h>

#include "base/error.h"

enum shape_kind {
    SHAPE_STRUCT = 1,
    SHAPE_LIST, /* of structures */
    SHAPE_MAP,  /* whose values are structures, or data where there is no shape */
};

enum { SHAPE_MAX_FIELDS = 17 };

/* A structure: the names of its fields. */
struct shape {
    const char *data; /* with blanks between them: texts, numbers, lists and maps of these */
    struct {
        const char *name; /* NULL behind the last one */
        enum shape_kind kind;
        const struct shape *shape;
    } fields[SHAPE_MAX_FIELDS];
};

extern const struct shape shape_spec;       /* spec.dump, the specification of the OCI runtime */
extern const struct shape shape_config;     /* config.dump of all engines */
extern const struct shape shape_status;     /* status.dump, ContainerStatus of the CRI */
extern const struct shape shape_bind_mount; /* an entry of CRI-O's bind.mounts */
extern const struct shape shape_network;    /* a value of podman's network.status */
extern const struct shape shape_metadata;   /* CRI-O's annotation Metadata */
extern const struct shape shape_volume;     /* an entry of CRI-O's annotation Volumes */

/*
 * Whether all readers see the same fields in the document. -1: ERROR_ARCHIVE; a key that is nearly
 * the name of a field or of another key, a structure, list or map that is something else (null
 * stands for each of them), or a field that is a text with a NUL or a number with a fraction.
 */
int shape_check(json_t *json, enum shape_kind kind, const struct shape *shape, struct error *error);

#endif
