// SPDX-License-Identifier: Apache-2.0
#include "registry/upload.h"

#include <stdbool.h>

#include "registry/body.h"
#include "registry/url.h"

void upload_init(struct upload *upload, struct client *client)
{
    *upload = (struct upload){.client = client};
}

/* Some registries take each Location only once, so the newest one counts. */
static int take_location(struct upload *upload, struct error *error)
{
    char *location;

    if (client_location(upload->client, &location, error))
        return -1;
    free(upload->location);
    upload->location = location;
    return 0;
}

int upload_start(struct upload *upload, struct error *error)
{
    cleanup_free char *url = client_url(upload->client, "blobs/uploads/");
    struct http_request request = {.method = "POST", .url = url};
    int status = client_send(upload->client, &request, error);

    if (status < 0)
        return error_context(error, "start upload");
    if (status != 202 && status != 201) {
        client_refused(upload->client, status, error);
        return error_context(error, "start upload");
    }
    if (take_location(upload, error))
        return error_context(error, "start upload");
    return 0;
}

/* What the source said counts more than what the connection made of it. */
static int stream_failed(const struct body *body, struct error *error)
{
    if (body->error.kind != ERROR_NONE)
        *error = body->error;
    return body->source_failed ? -1 : error_context(error, "upload layer");
}

static int stream_refused(struct upload *upload, int status, struct error *error)
{
    client_refused(upload->client, status, error);
    error_context(error, "upload layer");
    if (status == 413)
        error_advice(error, "the registry, or a proxy in front of it, limits the size of a "
                            "request: raise that limit");
    return -1;
}

int upload_stream(struct upload *upload, struct source *source, int64_t size,
                  struct progress *progress, struct error *error)
{
    struct body body;
    struct http_request request = {.method = "PATCH",
                                   .url = upload->location,
                                   .content_type = "application/octet-stream",
                                   .body = &body};
    int status;

    body_init(&body, source, size, progress);
    status = client_send(upload->client, &request, error);
    if (status < 0)
        return stream_failed(&body, error);
    if (status != 202 && status != 201 && status != 204)
        return stream_refused(upload, status, error);
    /* Even if the source has failed: a stale Location cannot be taken back. */
    if (http_header(client_http(upload->client), "Location", 0) && take_location(upload, error))
        return error_context(error, "upload layer");
    if (body_finish(&body))
        return stream_failed(&body, error);
    return 0;
}

static int close_session(struct upload *upload, const struct digest *digest,
                         struct http_request *request, struct error *error)
{
    cleanup_free char *url = NULL;
    int status;

    if (url_add_query(&url, upload->location, "digest", digest->text, error))
        return -1;
    request->method = "PUT";
    request->url = url;
    status = client_send(upload->client, request, error);
    if (status < 0)
        return -1;
    if (status != 201 && status != 204)
        return client_refused(upload->client, status, error);
    free(steal(upload->location));
    return client_check_digest(upload->client, digest, error);
}

int upload_commit(struct upload *upload, const struct digest *digest, struct error *error)
{
    struct http_request request = {.patient = true};

    if (close_session(upload, digest, &request, error))
        return error_context(error, "commit blob %s", digest->text);
    return 0;
}

int upload_put(struct upload *upload, const struct digest *digest, const void *data, size_t len,
               struct error *error)
{
    struct http_request request = {.content_type = "application/octet-stream",
                                   .data = data,
                                   .data_len = len};

    if (close_session(upload, digest, &request, error))
        return error_context(error, "upload blob %s", digest->text);
    return 0;
}

void upload_done(struct upload *upload)
{
    struct http_request request = {.method = "DELETE", .url = upload->location};
    struct error ignored;

    if (upload->location) {
        http_set_parting(client_http(upload->client));
        client_send(upload->client, &request, &ignored);
    }
    free(upload->location);
    *upload = (struct upload){0};
}
