// SPDX-License-Identifier: Apache-2.0
/* A content digest in its text form, "sha256:" and 64 lower-case hex digits (OCI image-spec,
 * descriptor.md, "Digests"). A plain value; two are equal when their texts are. */
#ifndef CKPTOCI_OCI_DIGEST_H
#define CKPTOCI_OCI_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_LEN = 64, DIGEST_TEXT_LEN = 7 + SHA256_HEX_LEN };

struct digest {
    char text[DIGEST_TEXT_LEN + 1]; /* empty while unknown */
};

void digest_from_bytes(struct digest *digest, const uint8_t bytes[SHA256_BYTES]);
/* 0, or -1 where text is no sha256 digest; *digest is then unchanged. */
int digest_parse(struct digest *digest, const char *text);
/* The 64 digits behind "sha256:". */
const char *digest_hex(const struct digest *digest);
bool digest_equal(const struct digest *a, const struct digest *b);

#endif
