// SPDX-License-Identifier: Apache-2.0
/* The bytes of another source, unchanged, and what there was to see of them: for whoever wants to
 * know where in a chain of sources something went wrong. */
#ifndef CKPTOCI_TASK_OBSERVING_SOURCE_H
#define CKPTOCI_TASK_OBSERVING_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cancel.h"
#include "oci/digest.h"
#include "stream/source.h"

/* Zero-initialised by the owner, which must outlive the source. */
struct observation {
    bool complete;        /* the end has been given; digest and size are filled in */
    struct digest digest; /* SHA-256 */
    uint64_t size;        /* bytes */
    bool failed;
    struct error error; /* of the source that is observed */
};

/* Owns `inner`. What passes is added to *counter, which may be NULL; `cancel` ends it. */
struct source *observing_source_new(struct source *inner, struct observation *observation,
                                    _Atomic int64_t *counter, const struct cancel *cancel);

#endif
