// SPDX-License-Identifier: Apache-2.0
/*
 * What is in a checkpoint, an archive or an image of one. Of a plain tar in a file, or of an
 * image's uncompressed layer, only the bytes that are needed are read; all else streams by. Nothing
 * is stored.
 */
#ifndef CKPTOCI_INSPECT_INSPECT_H
#define CKPTOCI_INSPECT_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "transport/destination.h"

/* All borrowed. */
struct inspect_options {
    const struct subject *subject;
    struct platform platform;    /* of an index; os NULL: this machine's */
    bool shows_secrets;          /* values of variables */
    uint64_t max_unpacked_bytes; /* as in struct expansion */
    struct registry_options registry;
};

/*
 * *report: a new object, as docs/inspect.md tells; its strings come from the archive and
 * are not checked. A damaged or malicious archive is no failure as long as anything can be told of
 * it. -1: it cannot be read.
 */
int inspect_run(const struct inspect_options *options, json_t **report, struct progress *progress,
                struct cancel *cancel, struct error *error);

#endif
