// SPDX-License-Identifier: Apache-2.0
#include "archive/expansion.h"

#include <inttypes.h>

#include "base/memory.h"

struct expansion_guard {
    struct source source;
    struct source *inner;
    struct expansion *expansion;
    const char *member;
};

static uint64_t stored_bytes(const struct expansion *expansion)
{
    return expansion->archive_bytes ? (uint64_t)atomic_load(expansion->archive_bytes)
                                    : expansion->stored;
}

static bool is_too_much(const struct expansion *expansion)
{
    uint64_t free_bytes = expansion->free_bytes ? expansion->free_bytes : EXPANSION_FREE_BYTES;

    return expansion->unpacked > free_bytes &&
           (expansion->unpacked - free_bytes) / EXPANSION_RATIO > stored_bytes(expansion);
}

static int report(struct expansion *expansion, const char *member, struct error *error)
{
    bool is_allowed = expansion->findings->policy.allowed[CHECK_DECOMPRESSION_BOMB];
    int result = (is_allowed ? finding_report : finding_report_fatal)(
        expansion->findings, CHECK_DECOMPRESSION_BOMB, member, error,
        "%" PRIu64 " bytes have become more than %" PRIu64 " MiB; --max-unpacked allows more",
        stored_bytes(expansion), expansion->unpacked >> 20);

    expansion->reported = true;
    if (result < 0) {
        expansion->ended = true;
        expansion->reason = *error;
    }
    return result;
}

static int guard_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct expansion_guard *self = (struct expansion_guard *)source;
    struct expansion *expansion = self->expansion;
    int more;

    if (expansion->cancel && cancel_check(expansion->cancel, error) < 0)
        return -1;
    if (expansion->ended) {
        *error = expansion->reason;
        return -1;
    }
    more = source_next(self->inner, data, len, error);
    if (more <= 0)
        return more;
    expansion->unpacked += *len;
    if (!expansion->reported && is_too_much(expansion) &&
        report(expansion, self->member, error) < 0)
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

/* What was read ahead of the decoder does not count, so it gets little at a time. */
enum { PIECE_BYTES = 128 << 10 };

struct counting_source {
    struct source source;
    struct source *inner;
    struct expansion *expansion;
    const uint8_t *rest; /* of the block that `inner` gave last */
    size_t rest_len;
};

static int count_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct counting_source *self = (struct counting_source *)source;

    if (self->rest_len == 0) {
        const void *block;
        int more = source_next(self->inner, &block, &self->rest_len, error);

        if (more <= 0)
            return more;
        self->rest = block;
    }
    *data = self->rest;
    *len = self->rest_len < PIECE_BYTES ? self->rest_len : PIECE_BYTES;
    self->rest += *len;
    self->rest_len -= *len;
    self->expansion->stored += *len;
    return 1;
}

static void count_free(struct source *source)
{
    struct counting_source *self = (struct counting_source *)source;

    source_free(self->inner);
    free(self);
}

struct source *expansion_count_new(struct source *inner, struct expansion *expansion)
{
    static const struct source_ops ops = {.next = count_next, .free = count_free};
    struct counting_source *self = NEW(struct counting_source);

    self->source.ops = &ops;
    self->inner = inner;
    self->expansion = expansion;
    return &self->source;
}
