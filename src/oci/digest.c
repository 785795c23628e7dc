// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/memory.h"

static const char prefix[] = "sha256:";
enum { PREFIX_LEN = sizeof prefix - 1 };

void digest_from_bytes(struct digest *digest, const uint8_t bytes[SHA256_BYTES])
{
    memcpy(digest->text, prefix, PREFIX_LEN);
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(digest->text + PREFIX_LEN + 2 * i, 3, "%02x", bytes[i]);
}

int digest_parse(struct digest *digest, const char *text)
{
    if (strncmp(text, prefix, PREFIX_LEN) != 0)
        return -1;
    if (strspn(text + PREFIX_LEN, "0123456789abcdef") != SHA256_HEX_LEN ||
        text[DIGEST_TEXT_LEN] != '\0')
        return -1;
    memcpy(digest->text, text, DIGEST_TEXT_LEN + 1);
    return 0;
}

const char *digest_hex(const struct digest *digest)
{
    return digest->text + PREFIX_LEN;
}

char *digest_tag(const struct digest *digest)
{
    return xasprintf("sha256-%s", digest_hex(digest));
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return strcmp(a->text, b->text) == 0;
}

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
