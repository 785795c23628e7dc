// SPDX-License-Identifier: Apache-2.0
/* SHA-256 (FIPS 180-4) of bytes as they pass. Heap object of one thread. */
#ifndef CKPTOCI_OCI_SHA256_H
#define CKPTOCI_OCI_SHA256_H

#include <stddef.h>

#include "base/memory.h"
#include "oci/digest.h"

struct sha256;

struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *hash);
DEFINE_CLEANUP(struct sha256 *, sha256_free);

void sha256_update(struct sha256 *hash, const void *data, size_t len);
/* The digest of all bytes so far; the object is then only good for sha256_free(). */
void sha256_final(struct sha256 *hash, struct digest *digest);

/* The digest of bytes in memory. */
void sha256_of(const void *data, size_t len, struct digest *digest);

#endif
