// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.h"

#include <stdio.h>
#include <string.h>

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

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return strcmp(a->text, b->text) == 0;
}
