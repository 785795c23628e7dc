// SPDX-License-Identifier: Apache-2.0
#include "registry/upload.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "registry/fetch.h"

void upload_init(struct upload *upload, struct client *client)
{
    *upload = (struct upload){.client = client};
    session_init(&upload->session, client);
}

int upload_start(struct upload *upload, struct error *error)
{
    return session_start(&upload->session, error);
}

void upload_adopt(struct upload *upload)
{
    session_adopt(&upload->session);
}

bool upload_is_open(const struct upload *upload)
{
    return upload->session.location != NULL;
}

void upload_drop(struct upload *upload)
{
    session_cancel(&upload->session);
}

static void begin_body(struct upload *upload, int64_t offset, int64_t size)
{
    body_init(&upload->body, upload->source, offset, size, upload->progress, &upload->counted);
    upload->body.limit = client_options(upload->client)->rate_limit;
}

/* Goes on from byte `offset`, which the registry wants next. */
static int stand_at(struct upload *upload, int64_t offset, struct error *error)
{
    int64_t given = upload->body.offset + upload->body.taken;
    int64_t left = upload->size < 0 ? -1 : upload->size - offset;

    if (given > upload->given)
        upload->given = given;
    if (source_seek(upload->source, (uint64_t)offset, error))
        return -1;
    upload->kept = offset;
    begin_body(upload, offset, left);
    return 0;
}

static enum session_answer send_at_once(struct upload *upload, struct error *error)
{
    enum session_answer answer = session_stream(&upload->session, &upload->body, error);

    if (answer == SESSION_TAKEN)
        upload->kept = upload->body.offset + upload->body.taken;
    return answer;
}

/* The next bytes of the source, chunk_bytes of them or, at the end, fewer. */
static int fill_chunk(struct upload *upload, size_t *len, struct error *error)
{
    ssize_t more = 1;

    if (!upload->chunk)
        upload->chunk = xcalloc(upload->chunk_bytes, 1);
    for (*len = 0; *len < upload->chunk_bytes && more > 0; *len += (size_t)more) {
        more = body_read(&upload->body, upload->chunk + *len, upload->chunk_bytes - *len);
        if (more < 0) {
            *error = upload->body.error;
            return -1;
        }
    }
    return 0;
}

static enum session_answer send_bounded(struct upload *upload, struct error *error)
{
    size_t len;

    for (;;) {
        enum session_answer answer;

        if (fill_chunk(upload, &len, error))
            return SESSION_FAILED;
        if (len == 0)
            return SESSION_TAKEN;
        answer = session_put_chunk(&upload->session, upload->chunk, len, upload->kept, error);
        if (answer != SESSION_TAKEN)
            return answer;
        upload->in_pieces |= upload->kept > 0;
        upload->kept += (int64_t)len;
        upload->failures = 0;
    }
}

/* Sends bounded requests from now on, of that many bytes unless the registry wants more. */
static void set_chunk_bytes(struct upload *upload, size_t bytes)
{
    size_t min = upload->session.chunk_min_bytes;

    free(upload->chunk);
    upload->chunk = NULL;
    upload->chunk_bytes = bytes > min ? bytes : min;
    upload->bounded = !upload->never_bounded;
}

/* From byte 0 in a new session: nothing of the old one can be used. */
static int restart(struct upload *upload, struct error *error)
{
    session_cancel(&upload->session);
    if (session_start(&upload->session, error))
        return -1;
    upload->in_pieces = false;
    /* What has been cut twice will be cut again: smaller requests get through in between. */
    if (++upload->restarts > 1 && !upload->bounded)
        set_chunk_bytes(upload, upload->chunk_bytes);
    return stand_at(upload, 0, error);
}

/* From what the registry says it has; or, if it does not say or cannot be right, from byte 0. */
static int go_on(struct upload *upload, enum session_answer answer, struct error *error)
{
    int64_t kept = 0, sent = upload->body.offset + upload->body.taken;
    bool is_known = !upload->never_bounded && upload->session.location &&
                    session_ask(&upload->session, &kept, error) == SESSION_TAKEN;

    if (error->kind == ERROR_INTERRUPTED)
        return -1;
    if (!is_known || kept > (sent > upload->given ? sent : upload->given))
        return restart(upload, error);
    if (kept > upload->kept)
        upload->failures = 0;
    else if (answer != SESSION_WRONG_RANGE)
        kept = upload->kept; /* some acknowledge bytes and do not move their range */
    else if (kept == 0 && upload->kept == 0 && upload->session.has_none_or_one)
        kept = 1;
    upload->in_pieces |= kept > 0;
    if (!upload->bounded)
        set_chunk_bytes(upload, upload->chunk_bytes);
    return stand_at(upload, kept, error);
}

static bool says_four_mib(const struct error *error)
{
    static const char *const words[] = {"4194304", "4 MiB", "4MiB", "4 MB", "4MB"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(error->text, words[i]))
            return true;
    return false;
}

/* Whether requests can be made small enough for somebody who found one too large. */
static bool make_smaller(struct upload *upload)
{
    size_t before = upload->bounded ? upload->chunk_bytes : SIZE_MAX;

    if (upload->never_bounded || upload->chunk_bytes <= UPLOAD_MIN_CHUNK_BYTES)
        return false;
    set_chunk_bytes(upload, upload->bounded ? upload->chunk_bytes / 2 : upload->chunk_bytes);
    return upload->chunk_bytes < before;
}

static int refuse_too_large(const struct upload *upload, struct error *error)
{
    return error_advice(error,
                        "the registry, or a proxy in front of it, limits the size of a request, "
                        "and requests of %zu bytes are still too large: raise that limit",
                        upload->chunk_bytes);
}

/* Another way to send, where the answer asks for one. 1: there is, 0: the same way will do, -1:
 * there is none. */
static int change_way(struct upload *upload, enum session_answer answer, struct error *error)
{
    switch (answer) {
    case SESSION_TOO_LARGE:
        return make_smaller(upload) ? 1 : refuse_too_large(upload, error);
    case SESSION_WRONG_RANGE:
        if (upload->chunk_bytes > UPLOAD_SMALL_CHUNK_BYTES && says_four_mib(error)) {
            set_chunk_bytes(upload, UPLOAD_SMALL_CHUNK_BYTES);
            return 1;
        }
        return 0;
    case SESSION_UNSUITED:
    case SESSION_WRONG_BYTES:
        if (!upload->bounded || upload->never_bounded)
            return -1;
        upload->never_bounded = true;
        upload->bounded = false;
        return 1;
    case SESSION_BROKEN:
    case SESSION_GONE:
        return 0;
    case SESSION_TAKEN:
    case SESSION_FAILED:
        break;
    }
    return -1;
}

/* After an answer that is not SESSION_TAKEN: stands where the next request begins. -1: there is no
 * next one, `error` says why. */
static int recover(struct upload *upload, enum session_answer answer, struct error *error)
{
    struct error ignored;
    int way = change_way(upload, answer, error);

    if (way < 0)
        return -1;
    if (answer == SESSION_GONE)
        session_done(&upload->session);
    if (way == 0) {
        /* A source that can be read again need not keep others waiting while we are. */
        source_seek(upload->source, (uint64_t)upload->kept, &ignored);
        if (client_wait(upload->client, ++upload->failures, error))
            return -1;
    }
    return go_on(upload, answer, error);
}

static int send_all(struct upload *upload, struct error *error)
{
    for (;;) {
        enum session_answer answer =
            upload->bounded ? send_bounded(upload, error) : send_at_once(upload, error);

        if (answer == SESSION_TAKEN)
            return 0;
        if (upload->body.source_failed)
            return -1;
        if (recover(upload, answer, error))
            return error_context(error, "upload layer, from byte %lld on", (long long)upload->kept);
    }
}

int upload_stream(struct upload *upload, struct source *source, int64_t size,
                  struct progress *progress, struct error *error)
{
    size_t asked = client_options(upload->client)->chunk_bytes;

    upload->source = source;
    upload->size = size;
    upload->progress = progress;
    upload->kept = upload->given = upload->counted =
        0; /* there may have been another blob before */
    upload->failures = upload->restarts = 0;
    upload->in_pieces = upload->never_bounded = false;
    set_chunk_bytes(upload, asked ? asked : UPLOAD_CHUNK_BYTES);
    upload->bounded = asked > 0;
    begin_body(upload, 0, size);
    return send_all(upload, error);
}

/* What the registry has; one that does not say is believed to be in doubt. */
static enum blob_presence look(struct upload *upload, const struct digest *digest, int64_t size)
{
    enum blob_presence presence = BLOB_UNSIZED;
    struct error ignored;

    blob_look_for(upload->client, digest, (uint64_t)size, &presence, &ignored);
    return presence;
}

/* The registry may have done it although its answer was lost. */
static bool is_done(struct upload *upload, const struct digest *digest, int64_t size)
{
    if (look(upload, digest, size) != BLOB_PRESENT)
        return false;
    session_done(&upload->session);
    return true;
}

/* Some registries keep only the last piece, and do not look at the digest. */
static bool has_lost_pieces(struct upload *upload, const struct digest *digest, int64_t size)
{
    enum blob_presence presence;

    if (!upload->in_pieces)
        return false;
    presence = look(upload, digest, size);
    return presence == BLOB_OTHER_SIZE || presence == BLOB_ABSENT;
}

/* From byte 0 in one request: the registry has not put the pieces together. */
static int send_whole(struct upload *upload, struct error *error)
{
    upload->never_bounded = true;
    upload->bounded = false;
    return restart(upload, error) || send_all(upload, error) ? -1 : 0;
}

/* 1: committed; 0: try again; -1: *error says why it cannot be. */
static int try_commit(struct upload *upload, const struct digest *digest, struct error *error)
{
    int64_t size = upload->kept;
    enum session_answer answer = session_commit(&upload->session, digest, NULL, 0, error);

    if (answer == SESSION_TAKEN && has_lost_pieces(upload, digest, size)) {
        error_set(error, ERROR_FAILED, "the registry has not kept all the pieces");
        answer = SESSION_WRONG_BYTES;
    }
    switch (answer) {
    case SESSION_TAKEN:
        return 1;
    case SESSION_WRONG_BYTES:
        if (!upload->in_pieces || upload->never_bounded)
            return -1;
        return send_whole(upload, error);
    case SESSION_BROKEN:
    case SESSION_GONE:
        if (is_done(upload, digest, size))
            return 1;
        if (client_wait(upload->client, ++upload->failures, error))
            return -1;
        if (answer == SESSION_BROKEN)
            return 0;
        session_done(&upload->session);
        return restart(upload, error) || send_all(upload, error) ? -1 : 0;
    default:
        return -1;
    }
}

int upload_commit(struct upload *upload, const struct digest *digest, struct error *error)
{
    int committed;

    upload->failures = 0;
    do {
        committed = try_commit(upload, digest, error);
    } while (committed == 0);
    if (committed < 0)
        return error_context(error, "commit blob %s", digest->text);
    return 0;
}

int upload_put(struct upload *upload, const struct digest *digest, const void *data, size_t len,
               struct error *error)
{
    for (unsigned failures = 1;; failures++) {
        enum session_answer answer = session_commit(&upload->session, digest, data, len, error);

        if (answer == SESSION_TAKEN)
            return 0;
        /* Wrong bytes or a wrong range: what a cut request left there came before these. */
        if (answer == SESSION_FAILED || answer == SESSION_TOO_LARGE || answer == SESSION_UNSUITED)
            break;
        if (is_done(upload, digest, (int64_t)len))
            return 0;
        if (client_wait(upload->client, failures, error))
            break;
        /* Of a body that was cut, the session may have a part. */
        session_cancel(&upload->session);
        if (session_start(&upload->session, error))
            break;
    }
    return error_context(error, "upload blob %s", digest->text);
}

void upload_done(struct upload *upload)
{
    if (upload->session.location) {
        http_set_parting(client_http(upload->client));
        session_cancel(&upload->session);
    }
    free(upload->chunk);
    *upload = (struct upload){0};
}
