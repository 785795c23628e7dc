// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <inttypes.h>
#include <string.h>

void body_init(struct body *body, struct source *source, int64_t offset, int64_t size,
               struct progress *progress, int64_t *counted)
{
    *body = (struct body){
        .source = source, .offset = offset, .size = size, .progress = progress, .counted = counted};
}

/* What was sent before is not sent more by being sent again. */
static void count(const struct body *body, int64_t len)
{
    int64_t end = body->offset + body->taken;
    int64_t fresh = end - *body->counted;

    fresh = fresh < 0 ? 0 : fresh < len ? fresh : len;
    if (fresh > 0)
        *body->counted = end;
    atomic_fetch_add(&body->progress->bytes_sent, fresh);
    atomic_fetch_add(&body->progress->bytes_again, len - fresh);
}

/* 1: there is a block; 0: the end; -1: body->error. */
static int fill(struct body *body)
{
    const void *data;
    int more;

    if (body->error.kind != ERROR_NONE)
        return -1;
    if (body->block_len > 0)
        return 1;
    if (body->at_end)
        return 0;
    more = source_next(body->source, &data, &body->block_len, &body->error);
    if (more <= 0) {
        body->block_len = 0;
        body->at_end = more == 0;
        body->source_failed = more < 0;
        return more;
    }
    body->block = data;
    if (body->size >= 0 && (uint64_t)body->block_len > (uint64_t)(body->size - body->taken))
        return error_set(&body->error, ERROR_FAILED,
                         "the layer has more than the %" PRId64 " bytes it was said to have",
                         body->size);
    return 1;
}

ssize_t body_read(struct body *body, void *to, size_t capacity)
{
    int more = fill(body);
    size_t len = body->block_len < capacity ? body->block_len : capacity;

    if (more < 0)
        return -1;
    if (more == 0) {
        if (body->size < 0 || body->taken == body->size)
            return 0;
        return error_set(&body->error, ERROR_FAILED,
                         "the layer ended after %" PRId64 " of %" PRId64 " bytes", body->taken,
                         body->size);
    }
    if (body->limit && len > 0)
        len = rate_limit_take(body->limit, len);
    memcpy(to, body->block, len);
    body->block += len;
    body->block_len -= len;
    body->taken += (int64_t)len;
    count(body, (int64_t)len);
    return (ssize_t)len;
}

bool body_is_spent(const struct body *body)
{
    return body->at_end || body->taken == body->size;
}

int body_rewind(struct body *body, struct error *error)
{
    if (body->error.kind != ERROR_NONE) {
        *error = body->error;
        return -1;
    }
    if (body->taken == 0)
        return 0;
    if (source_seek(body->source, (uint64_t)body->offset, error))
        return error_context(error, "the server wants bytes again");
    body->block_len = 0;
    body->taken = 0;
    body->at_end = false;
    return 0;
}

int body_finish(struct body *body)
{
    int more = fill(body);

    if (more == 0 && (body->size < 0 || body->taken == body->size))
        return 0;
    if (more < 0)
        return -1;
    return error_set(&body->error, ERROR_FAILED,
                     "the server stopped reading the layer after %" PRId64 " bytes", body->taken);
}
