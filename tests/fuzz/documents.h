// SPDX-License-Identifier: Apache-2.0
/*
 * Reads one document of a checkpoint as ckptoci does and as Go does (go-json.h), and compares what
 * each of them has found at the places that engines look at. For tests only; one thread.
 */
#ifndef CKPTOCI_FUZZ_DOCUMENTS_H
#define CKPTOCI_FUZZ_DOCUMENTS_H

#include <stddef.h>

#include "go-json.h"

enum document_kind {
    DOCUMENT_SPEC,
    DOCUMENT_CONFIG,
    DOCUMENT_STATUS,
    DOCUMENT_BIND_MOUNTS,
    DOCUMENT_NETWORK,
    DOCUMENT_KIND_COUNT
};

enum document_verdict {
    DOCUMENT_ACCEPTED, /* by both, with the same values */
    DOCUMENT_REFUSED,  /* by us; Go may take it */
};

/* Where they have found another value, and where we accept what Go does not, the program ends, by
 * fuzz_require(). */
enum document_verdict documents_compare(enum document_kind kind, const char *bytes, size_t len);

#endif
