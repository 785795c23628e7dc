// SPDX-License-Identifier: Apache-2.0
/* A content digest in its text form, "sha256:" and 64 lower-case hex digits (OCI image-spec,
 * descriptor.md, "Digests"), and how it is computed. A digest is a plain value; two are equal when
 * their texts are. */
#ifndef CKPTOCI_OCI_DIGEST_H
#define CKPTOCI_OCI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

enum { SHA256_BYTES = 32, SHA256_HEX_LEN = 64, DIGEST_TEXT_LEN = 7 + SHA256_HEX_LEN };

struct digest {
    char text[DIGEST_TEXT_LEN + 1]; /* empty while unknown */
};

void digest_from_bytes(struct digest *digest, const uint8_t bytes[SHA256_BYTES]);
/* 0, or -1 where text is no sha256 digest; *digest is then unchanged. */
int digest_parse(struct digest *digest, const char *text);
/* The 64 digits behind "sha256:". */
const char *digest_hex(const struct digest *digest);
/* "sha256-HEX", the tag of the list of what refers to it where there is no API for that
 * (distribution-spec, "Referrers Tag Schema"); free() it. */
char *digest_tag(const struct digest *digest);
bool digest_equal(const struct digest *a, const struct digest *b);

/* SHA-256 (FIPS 180-4) of bytes as they pass. Heap object of one thread. */
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
