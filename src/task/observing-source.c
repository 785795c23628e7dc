// SPDX-License-Identifier: Apache-2.0
#include "task/observing-source.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "oci/sha256.h"

struct observing_source {
    struct source source;
    struct source *inner;
    struct sha256 *hash; /* NULL once the end has been given */
    struct observation *observation;
    _Atomic int64_t *counter;
    const struct cancel *cancel;
};

static int note_failure(struct observing_source *self, const struct error *error)
{
    self->observation->failed = true;
    self->observation->error = *error;
    return -1;
}

static int observing_next(struct source *source, const void **data, size_t *len,
                          struct error *error)
{
    struct observing_source *self = (struct observing_source *)source;
    int more;

    if (cancel_check(self->cancel, error) < 0 ||
        (more = source_next(self->inner, data, len, error)) < 0)
        return note_failure(self, error);
    if (more > 0) {
        sha256_update(self->hash, *data, *len);
        self->observation->size += *len;
        if (self->counter)
            atomic_fetch_add(self->counter, (int64_t)*len);
    } else if (self->hash) {
        sha256_final(self->hash, &self->observation->digest);
        sha256_free(steal(self->hash));
        self->observation->complete = true;
    }
    return more;
}

static void observing_free(struct source *source)
{
    struct observing_source *self = (struct observing_source *)source;

    source_free(self->inner);
    sha256_free(self->hash);
    free(self);
}

struct source *observing_source_new(struct source *inner, struct observation *observation,
                                    _Atomic int64_t *counter, const struct cancel *cancel)
{
    static const struct source_ops ops = {.next = observing_next, .free = observing_free};
    struct observing_source *self = NEW(struct observing_source);

    self->source.ops = &ops;
    self->inner = inner;
    self->hash = sha256_new();
    self->observation = observation;
    self->counter = counter;
    self->cancel = cancel;
    return &self->source;
}
