// SPDX-License-Identifier: Apache-2.0
/*
 * Is an archive, or an image of one, whole, harmless and what it says it is? And which engine would
 * restore it? Reads all of it once and writes nothing.
 */
#ifndef CKPTOCI_VERIFY_VERIFY_H
#define CKPTOCI_VERIFY_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/finding.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "engines/reasoning.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "transport/destination.h"

/* All borrowed. */
struct verify_options {
    const struct subject *subject;
    struct finding_policy policy;
    uint64_t max_unpacked_bytes; /* as in struct expansion */
    struct platform platform;    /* of an index; os NULL: this machine's */
    enum engine engine;          /* ENGINE_UNKNOWN: all of them */
    const char *version_text;    /* of the engine, as the user wrote it; NULL: every version */
    struct engine_version version;
    struct registry_options registry;
};

/* Zero-initialised. A digest's text is empty where it is not known. */
struct verify_result {
    struct findings findings;
    struct digest manifest, config, layer; /* of an image */
    struct digest archive;                 /* SHA-256 of the uncompressed archive */
    uint64_t archive_size;                 /* bytes, uncompressed */
    /* None where the archive does not even say what it is. */
    struct engine_answers answers;
    double seconds;
};

/* -1: it could not be read. What is wrong with it is in the findings; it is refused if one of them
 * is a refusal. */
int verify_run(const struct verify_options *options, struct verify_result *result,
               struct progress *progress, struct cancel *cancel, struct error *error);
void verify_result_done(struct verify_result *result);

#endif
