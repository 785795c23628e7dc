// SPDX-License-Identifier: Apache-2.0
#include "task/hashing-source.h"

#include "base/memory.h"
#include "oci/sha256.h"

struct hashing_source {
    struct source source;
    struct source *inner;
    struct sha256 *hash; /* NULL once the end has been given */
    uint64_t bytes;
    struct digest *digest;
    uint64_t *size;
};

static int hashing_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct hashing_source *self = (struct hashing_source *)source;
    int more = source_next(self->inner, data, len, error);

    if (more > 0) {
        sha256_update(self->hash, *data, *len);
        self->bytes += *len;
    } else if (more == 0 && self->hash) {
        sha256_final(self->hash, self->digest);
        *self->size = self->bytes;
        sha256_free(steal(self->hash));
    }
    return more;
}

static void hashing_free(struct source *source)
{
    struct hashing_source *self = (struct hashing_source *)source;

    source_free(self->inner);
    sha256_free(self->hash);
    free(self);
}

struct source *hashing_source_new(struct source *inner, struct digest *digest, uint64_t *size)
{
    static const struct source_ops ops = {.next = hashing_next, .free = hashing_free};
    struct hashing_source *self = NEW(struct hashing_source);

    self->source.ops = &ops;
    self->inner = inner;
    self->hash = sha256_new();
    self->digest = digest;
    self->size = size;
    return &self->source;
}
