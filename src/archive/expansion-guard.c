// SPDX-License-Identifier: Apache-2.0
#include "archive/expansion-guard.h"

#include <inttypes.h>

#include "base/memory.h"

struct expansion_guard {
    struct source source;
    struct source *inner;
    struct expansion *expansion;
    const char *member;
    bool ended; /* by this guard: it gives nothing more, and reports nothing more */
    struct error reason;
};

static bool is_allowed(const struct expansion *expansion)
{
    return expansion->findings->policy.allowed[CHECK_DECOMPRESSION_BOMB];
}

/* Unless a bomb is allowed, the stream ends, also where findings are only collected: nobody is to
 * be kept busy by it. */
static int refuse(struct expansion_guard *self, uint64_t stored, struct error *error)
{
    struct expansion *expansion = self->expansion;
    int result = (is_allowed(expansion) ? finding_report : finding_report_fatal)(
        expansion->findings, CHECK_DECOMPRESSION_BOMB, self->member, error,
        "%" PRIu64 " bytes have become more than %" PRIu64 " MiB", stored,
        expansion->unpacked >> 20);

    expansion->reported = true;
    if (result < 0) {
        self->ended = true;
        self->reason = *error;
    }
    return result;
}

static int guard_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct expansion_guard *self = (struct expansion_guard *)source;
    struct expansion *expansion = self->expansion;
    uint64_t stored;
    int more;

    if (self->ended) {
        *error = self->reason;
        return -1;
    }
    more = source_next(self->inner, data, len, error);
    if (more <= 0)
        return more;
    expansion->unpacked += *len;
    stored = (uint64_t)atomic_load(expansion->stored);
    if (expansion->unpacked > expansion->free_bytes &&
        expansion->unpacked / expansion->ratio > stored &&
        !(expansion->reported && is_allowed(expansion)) && refuse(self, stored, error) < 0)
        return -1;
    return 1;
}

static void guard_free(struct source *source)
{
    struct expansion_guard *self = (struct expansion_guard *)source;

    source_free(self->inner);
    free(self);
}

struct source *expansion_guard_new(struct source *inner, struct expansion *expansion,
                                   const char *member)
{
    static const struct source_ops ops = {.next = guard_next, .free = guard_free};
    struct expansion_guard *self = NEW(struct expansion_guard);

    self->source.ops = &ops;
    self->inner = inner;
    self->expansion = expansion;
    self->member = member;
    return &self->source;
}
