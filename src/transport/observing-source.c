// SPDX-License-Identifier: Apache-2.0
#include "transport/observing-source.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "oci/digest.h"

struct observing_source {
    struct source source;
    struct source *inner;
    struct sha256 *hash; /* NULL once the end has been given */
    struct observation *seen;
    struct observation own; /* where nobody else wants it */
    uint64_t at;            /* offset of the next byte; up to seen->size bytes come again */
    bool has_failed;        /* or has given what was not to be given */
    bool checks;            /* against these: */
    struct digest expected_digest;
    uint64_t expected_size;
    _Atomic int64_t *counter;
    const struct cancel *cancel;
};

static int note_failure(struct observing_source *self, const struct error *error)
{
    self->seen->failed = true;
    self->seen->error = *error;
    return -1;
}

static void note_bytes(struct observing_source *self, const char *data, size_t len)
{
    struct observation *seen = self->seen;
    uint64_t fresh;

    self->at += len;
    if (self->at <= seen->size)
        return;
    fresh = self->at - seen->size;
    if (self->hash)
        sha256_update(self->hash, data + (len - fresh), fresh);
    seen->size = self->at;
    if (self->counter)
        atomic_fetch_add(self->counter, (int64_t)fresh);
}

static int note_end(struct observing_source *self, struct error *error)
{
    struct observation *seen = self->seen;

    if (self->checks && self->at != self->expected_size)
        return error_set(error, ERROR_ARCHIVE,
                         "blob %s ended after %" PRIu64 " of %" PRIu64 " bytes",
                         self->expected_digest.text, self->at, self->expected_size);
    if (!self->hash)
        return 0;
    sha256_final(self->hash, &seen->digest);
    sha256_free(steal(self->hash));
    seen->complete = true;
    if (!self->checks || digest_equal(&seen->digest, &self->expected_digest))
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "blob %s is damaged: what came has the digest %s; get the image from "
                     "elsewhere, or push it again",
                     self->expected_digest.text, seen->digest.text);
}

static int next_checked(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct observing_source *self = (struct observing_source *)source;
    int more;

    if ((self->cancel && cancel_check(self->cancel, error) < 0) ||
        (more = source_next(self->inner, data, len, error)) < 0)
        return note_failure(self, error);
    if (more == 0)
        return note_end(self, error);
    if (self->checks && *len > self->expected_size - self->at)
        return error_set(error, ERROR_ARCHIVE, "blob %s has more than its %" PRIu64 " bytes",
                         self->expected_digest.text, self->expected_size);
    note_bytes(self, *data, *len);
    return 1;
}

static int observing_next(struct source *source, const void **data, size_t *len,
                          struct error *error)
{
    struct observing_source *self = (struct observing_source *)source;
    int more = next_checked(source, data, len, error);

    self->has_failed |= more < 0;
    return more;
}

static int observing_seek(struct source *source, uint64_t offset, struct error *error)
{
    struct observing_source *self = (struct observing_source *)source;

    if (offset > self->seen->size)
        return error_set(error, ERROR_FAILED, "blob %s cannot be read from byte %" PRIu64 " yet",
                         self->expected_digest.text, offset);
    if (source_seek(self->inner, offset, error))
        return -1;
    self->at = offset;
    return 0;
}

static void observing_free(struct source *source)
{
    struct observing_source *self = (struct observing_source *)source;

    source_free(self->inner);
    sha256_free(self->hash);
    free(self);
}

static struct observing_source *source_new(struct source *inner, const struct source_ops *ops,
                                           _Atomic int64_t *counter)
{
    struct observing_source *self = NEW(struct observing_source);

    self->source.ops = ops;
    self->inner = inner;
    self->hash = sha256_new();
    self->seen = &self->own;
    self->counter = counter;
    return self;
}

struct source *observing_source_new(struct source *inner, struct observation *observation,
                                    _Atomic int64_t *counter, const struct cancel *cancel)
{
    static const struct source_ops ops = {.next = observing_next, .free = observing_free};
    struct observing_source *self = source_new(inner, &ops, counter);

    self->seen = observation;
    self->cancel = cancel;
    return &self->source;
}

struct source *verifying_source_new(struct source *inner, const struct descriptor *descriptor,
                                    _Atomic int64_t *counter)
{
    static const struct source_ops ops = {.next = observing_next,
                                          .seek = observing_seek,
                                          .free = observing_free};
    struct observing_source *self = source_new(inner, &ops, counter);

    self->checks = true;
    self->expected_digest = descriptor->digest;
    self->expected_size = descriptor->size;
    return &self->source;
}

bool verifying_source_failed(const struct source *source)
{
    return ((const struct observing_source *)source)->has_failed;
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

struct probed_source {
    struct source source;
    struct source *inner;
    uint8_t *head; /* what has been taken from inner; NULL once it was given */
    size_t head_len;
    uint8_t *given; /* the head again, for as long as the caller may look at it */
};

static int probed_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct probed_source *self = (struct probed_source *)source;

    if (!self->head || self->head_len == 0)
        return source_next(self->inner, data, len, error);
    self->given = steal(self->head);
    *data = self->given;
    *len = self->head_len;
    return 1;
}

static void probed_free(struct source *source)
{
    struct probed_source *self = (struct probed_source *)source;

    source_free(self->inner);
    free(self->head);
    free(self->given);
    free(self);
}

/* Blocks until the magic number is complete or the source has ended. */
static int take_head(struct probed_source *self, struct error *error)
{
    const void *data;
    size_t len;
    int more = 1;

    while (self->head_len < CODEC_MAGIC_MAX_LEN &&
           (more = source_next(self->inner, &data, &len, error)) > 0) {
        self->head = xreallocarray(self->head, self->head_len + len, 1);
        memcpy(self->head + self->head_len, data, len);
        self->head_len += len;
    }
    return more < 0 ? -1 : 0;
}

int compression_probe(struct source *inner, enum compression *found, struct source **whole,
                      struct error *error)
{
    static const struct source_ops ops = {.next = probed_next, .free = probed_free};
    struct probed_source *self = NEW(struct probed_source);
    cleanup(source_freep) struct source *source = &self->source;

    self->source.ops = &ops;
    self->inner = inner;
    if (take_head(self, error))
        return -1;
    *found = codec_detect(self->head, self->head_len)->compression;
    *whole = steal(source);
    return 0;
}
