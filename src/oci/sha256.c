// SPDX-License-Identifier: Apache-2.0
#include "oci/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/memory.h"

struct sha256 {
    EVP_MD_CTX *context;
};

/* OpenSSL fails here only without memory or with a provider setup that has no SHA-256. */
static void must_succeed(int result)
{
    if (result != 1) {
        fputs("ckptoci: OpenSSL cannot compute SHA-256\n", stderr);
        abort();
    }
}

struct sha256 *sha256_new(void)
{
    struct sha256 *hash = NEW(struct sha256);

    hash->context = EVP_MD_CTX_new();
    must_succeed(hash->context && EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL));
    return hash;
}

void sha256_free(struct sha256 *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

void sha256_update(struct sha256 *hash, const void *data, size_t len)
{
    must_succeed(EVP_DigestUpdate(hash->context, data, len));
}

void sha256_final(struct sha256 *hash, struct digest *digest)
{
    uint8_t bytes[SHA256_BYTES];

    must_succeed(EVP_DigestFinal_ex(hash->context, bytes, NULL));
    digest_from_bytes(digest, bytes);
}

void sha256_of(const void *data, size_t len, struct digest *digest)
{
    cleanup(sha256_freep) struct sha256 *hash = sha256_new();

    sha256_update(hash, data, len);
    sha256_final(hash, digest);
}
