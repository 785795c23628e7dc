// SPDX-License-Identifier: Apache-2.0
#include "task/verifying-source.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "oci/sha256.h"

struct verifying_source {
    struct source source;
    struct source *inner;
    struct sha256 *hash; /* NULL once the digest has been compared */
    struct digest expected;
    uint64_t size;
    uint64_t at;     /* of the next byte */
    uint64_t hashed; /* bytes that have been given at least once */
    _Atomic int64_t *counter;
};

static void hash_new_bytes(struct verifying_source *self, const char *data, size_t len)
{
    uint64_t end = self->at + len, fresh = end > self->hashed ? end - self->hashed : 0;

    if (fresh == 0)
        return;
    if (self->hash)
        sha256_update(self->hash, data + (len - fresh), fresh);
    self->hashed = end;
    if (self->counter)
        atomic_fetch_add(self->counter, (int64_t)fresh);
}

static int check_end(struct verifying_source *self, struct error *error)
{
    struct digest digest;

    if (self->at != self->size)
        return error_set(error, ERROR_ARCHIVE,
                         "blob %s ended after %" PRIu64 " of %" PRIu64 " bytes",
                         self->expected.text, self->at, self->size);
    if (!self->hash)
        return 0;
    sha256_final(self->hash, &digest);
    sha256_free(steal(self->hash));
    if (digest_equal(&digest, &self->expected))
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "blob %s is damaged: what came has the digest %s; get the image from "
                     "elsewhere, or push it again",
                     self->expected.text, digest.text);
}

static int verifying_next(struct source *source, const void **data, size_t *len,
                          struct error *error)
{
    struct verifying_source *self = (struct verifying_source *)source;
    int more = source_next(self->inner, data, len, error);

    if (more < 0)
        return -1;
    if (more == 0)
        return check_end(self, error);
    if (*len > self->size - self->at)
        return error_set(error, ERROR_ARCHIVE, "blob %s has more than its %" PRIu64 " bytes",
                         self->expected.text, self->size);
    hash_new_bytes(self, *data, *len);
    self->at += *len;
    return 1;
}

static int verifying_seek(struct source *source, uint64_t offset, struct error *error)
{
    struct verifying_source *self = (struct verifying_source *)source;

    if (offset > self->hashed)
        return error_set(error, ERROR_FAILED, "blob %s cannot be read from byte %" PRIu64 " yet",
                         self->expected.text, offset);
    if (source_seek(self->inner, offset, error))
        return -1;
    self->at = offset;
    return 0;
}

static void verifying_free(struct source *source)
{
    struct verifying_source *self = (struct verifying_source *)source;

    source_free(self->inner);
    sha256_free(self->hash);
    free(self);
}

struct source *verifying_source_new(struct source *inner, const struct descriptor *descriptor,
                                    _Atomic int64_t *counter)
{
    static const struct source_ops ops = {.next = verifying_next,
                                          .seek = verifying_seek,
                                          .free = verifying_free};
    struct verifying_source *self = NEW(struct verifying_source);

    self->source.ops = &ops;
    self->inner = inner;
    self->hash = sha256_new();
    self->expected = descriptor->digest;
    self->size = descriptor->size;
    self->counter = counter;
    return &self->source;
}

int verifying_source_read_blob(struct image_source *images, const struct descriptor *descriptor,
                               size_t max, char **bytes, struct error *error)
{
    cleanup(source_freep) struct source *source = NULL;
    cleanup_free char *read = NULL;
    const void *data;
    size_t len, have = 0;
    int more;

    if (descriptor->size > max)
        return error_set(error, ERROR_ARCHIVE, "blob %s has %" PRIu64 " bytes, more than %zu",
                         descriptor->digest.text, descriptor->size, max);
    if (image_source_get_blob(images, descriptor, &source, error))
        return -1;
    source = verifying_source_new(source, descriptor, NULL);
    read = xcalloc(descriptor->size + 1, 1);
    while ((more = source_next(source, &data, &len, error)) > 0) {
        memcpy(read + have, data, len);
        have += len;
    }
    if (more < 0)
        return -1;
    *bytes = steal(read);
    return 0;
}
