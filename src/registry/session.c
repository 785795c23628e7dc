// SPDX-License-Identifier: Apache-2.0
#include "registry/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/url.h"
#include "registry/answer.h"

static const char octet_stream[] = "application/octet-stream";

void session_init(struct session *session, struct client *client)
{
    *session = (struct session){.client = client};
}

void session_done(struct session *session)
{
    free(session->location);
    session->location = NULL;
}

/* Some registries take each Location only once, so the newest one counts. */
static int take_location(struct session *session, struct error *error)
{
    char *location;

    if (client_location(session->client, &location, error))
        return -1;
    free(session->location);
    session->location = location;
    return 0;
}

/* distribution-spec, "Pushing a blob in chunks". What is unreasonable is not heard. */
static size_t chunk_min_bytes(struct client *client)
{
    const char *header = http_header(client_http(client), "OCI-Chunk-Min-Length", 0);
    unsigned long long bytes = header ? strtoull(header, NULL, 10) : 0;

    return bytes <= REGISTRY_CHUNK_MAX_BYTES ? (size_t)bytes : 0;
}

int session_start(struct session *session, struct error *error)
{
    cleanup_free char *url = client_url(session->client, "blobs/uploads/");
    struct http_request request = {.method = "POST", .url = url, .creates = true};
    int status = client_send(session->client, &request, error);

    session_done(session);
    if (status >= 0 && status != 202 && status != 201)
        status = client_refused(session->client, status, error);
    if (status < 0 || take_location(session, error))
        return error_context(error, "start upload");
    session->chunk_min_bytes = chunk_min_bytes(session->client);
    return 0;
}

void session_adopt(struct session *session)
{
    struct error ignored;

    if (take_location(session, &ignored) == 0)
        session->chunk_min_bytes = chunk_min_bytes(session->client);
}

static bool is_about_digest(struct client *client)
{
    size_t len;
    const char *answer = http_answer(client_http(client), &len);

    return refusal_has_code(answer, len, "DIGEST_INVALID") ||
           refusal_has_code(answer, len, "SIZE_INVALID");
}

/* What a status other than success means for the session, with an error made of it. */
static enum session_answer judge(struct session *session, int status, struct error *error)
{
    struct client *client = session->client;

    if (status < 0)
        return client_may_retry(client, status, error) ? SESSION_BROKEN : SESSION_FAILED;
    client_refused(client, status, error);
    if (client_may_retry(client, status, error))
        return SESSION_BROKEN;
    switch (status) {
    case 404:
        return SESSION_GONE;
    case 413:
        return SESSION_TOO_LARGE;
    case 416:
        return SESSION_WRONG_RANGE;
    case 400:
        return is_about_digest(client) ? SESSION_WRONG_BYTES : SESSION_UNSUITED;
    case 405:
    case 411:
    case 415:
    case 501:
        return SESSION_UNSUITED;
    default:
        return SESSION_FAILED;
    }
}

static enum session_answer take_patch_answer(struct session *session, int status,
                                             struct error *error)
{
    if (status != 202 && status != 201 && status != 204)
        return judge(session, status, error);
    if (http_header(client_http(session->client), "Location", 0) && take_location(session, error))
        return SESSION_FAILED;
    return SESSION_TAKEN;
}

enum session_answer session_stream(struct session *session, struct body *body, struct error *error)
{
    struct http_request request = {.method = "PATCH",
                                   .url = session->location,
                                   .content_type = octet_stream,
                                   .body = body};
    int status = client_send(session->client, &request, error);
    enum session_answer answer = take_patch_answer(session, status, error);

    /* What the source said counts more than what the connection made of it. */
    if (body->error.kind != ERROR_NONE) {
        *error = body->error;
        return SESSION_FAILED;
    }
    if (status == 401 && body->taken > 0) /* a new authorisation came too late for this body */
        return SESSION_BROKEN;
    if (answer == SESSION_TAKEN && body_finish(body)) {
        *error = body->error;
        return SESSION_FAILED;
    }
    return answer;
}

enum session_answer session_put_chunk(struct session *session, const void *data, size_t len,
                                      int64_t offset, struct error *error)
{
    cleanup_free char *range = xasprintf("%" PRId64 "-%" PRId64, offset, offset + (int64_t)len - 1);
    struct http_request request = {.method = "PATCH",
                                   .url = session->location,
                                   .content_type = octet_stream,
                                   .content_range = range,
                                   .data = data,
                                   .data_len = len,
                                   .once = true};

    return take_patch_answer(session, client_send(session->client, &request, error), error);
}

enum session_answer session_ask(struct session *session, int64_t *kept, struct error *error)
{
    struct http_request request = {.method = "GET", .url = session->location};
    int status = client_send(session->client, &request, error);
    int64_t last;

    if (status / 100 != 2)
        return judge(session, status, error);
    last = content_range_kept(http_header(client_http(session->client), "Range", 0));
    if (last < 0) {
        error_set(error, ERROR_FAILED, "the registry does not say how much of an upload it has");
        return SESSION_GONE;
    }
    if (http_header(client_http(session->client), "Location", 0) && take_location(session, error))
        return SESSION_FAILED;
    session->has_none_or_one = last == 0; /* "0-0" */
    *kept = last ? last + 1 : 0;
    return SESSION_TAKEN;
}

enum session_answer session_commit(struct session *session, const struct digest *digest,
                                   const void *data, size_t len, struct error *error)
{
    cleanup_free char *url = NULL;
    struct http_request request = {.method = "PUT",
                                   .content_type = data ? octet_stream : NULL,
                                   .data = data,
                                   .data_len = len,
                                   .once = true,
                                   .patient = true};
    int status;

    if (url_add_query(&url, session->location, "digest", digest->text, error))
        return SESSION_FAILED;
    request.url = url;
    status = client_send(session->client, &request, error);
    if (status != 201 && status != 204)
        return judge(session, status, error);
    session_done(session);
    return client_check_digest(session->client, digest, error) ? SESSION_FAILED : SESSION_TAKEN;
}

void session_cancel(struct session *session)
{
    struct http_request request = {.method = "DELETE", .url = session->location, .once = true};
    struct error ignored;

    if (session->location)
        client_send(session->client, &request, &ignored);
    session_done(session);
}
