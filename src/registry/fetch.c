// SPDX-License-Identifier: Apache-2.0
#include "registry/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/http.h"
#include "registry/answer.h"

/* What the registry says of the digest has to be true of the bytes, too. */
static int take_manifest(struct client *client, struct manifest **ret, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    const char *type = http_header(client_http(client), "Content-Type", 0);
    const char *digest = http_header(client_http(client), "Docker-Content-Digest", 0);
    cleanup_free char *bytes = NULL;
    struct digest theirs;
    size_t len;
    const char *answer = http_answer(client_http(client), &len);

    if (client_got_page(client))
        return client_refuse_page(client, "manifest", error);
    if (len > MANIFEST_MAX_BYTES)
        return error_set(error, ERROR_FAILED, "the registry's answer has more than %d bytes",
                         MANIFEST_MAX_BYTES);
    bytes = xcalloc(len + 1, 1);
    memcpy(bytes, answer, len);
    if (manifest_new(&manifest, bytes, len, type, error))
        return -1;
    steal(bytes);
    if (digest && digest_parse(&theirs, digest) == 0 && !digest_equal(&theirs, &manifest->digest))
        return error_set(error, ERROR_IMAGE,
                         "the registry says its digest is %s, and it is %s: damaged on the way",
                         theirs.text, manifest->digest.text);
    *ret = steal(manifest);
    return 0;
}

int fetch_manifest(struct client *client, const char *reference, struct manifest **manifest,
                   struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", reference);
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .accept = MANIFEST_ACCEPT,
                                   .answer_max_bytes = MANIFEST_MAX_BYTES + 1};
    int status = client_send(client, &request, error);

    if (status < 0)
        return error_context(error, "get manifest %s", reference);
    if ((status != 200 && client_refused(client, status, error)) ||
        take_manifest(client, manifest, error))
        return error_context(error, "get manifest %s", reference);
    return 0;
}

int fetch_referrers_tag(struct client *client, const struct digest *subject, struct manifest **ret,
                        struct error *error)
{
    cleanup_free char *tag = digest_tag(subject);
    cleanup(manifest_freep) struct manifest *list = NULL;

    *ret = NULL;
    if (fetch_manifest(client, tag, &list, error)) {
        if (error->http_status != 404)
            return -1;
        *error = (struct error){0};
        return 0;
    }
    if (!digest_equal(&list->digest, subject))
        *ret = steal(list);
    return 0;
}

static enum blob_presence judge(struct client *client, int status, uint64_t size)
{
    const char *header = http_header(client_http(client), "Content-Length", 0);

    if (status != 200)
        return BLOB_ABSENT;
    if (!header)
        return BLOB_UNSIZED;
    return strtoull(header, NULL, 10) == size ? BLOB_PRESENT : BLOB_OTHER_SIZE;
}

/* Registries, and what stands in front of them, that know no HEAD. */
static bool knows_no_head(int status)
{
    return status == 405 || status == 501;
}

/* Asks for the last byte in the place of a HEAD, and takes no more. */
static int look_by_get(struct client *client, const char *url, uint64_t size,
                       enum blob_presence *presence, struct error *error)
{
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .range_start = size ? size - 1 : 0,
                                   .answer_max_bytes = 1};
    int status = client_send(client, &request, error);
    struct error ignored;

    if (status < 0)
        return -1;
    if (status == 206)
        *presence = content_range_check(http_header(client_http(client), "Content-Range", 0),
                                        request.range_start, size, &ignored)
                        ? BLOB_OTHER_SIZE
                        : BLOB_PRESENT;
    else
        *presence = status == 416 ? BLOB_OTHER_SIZE : judge(client, status, size);
    return 0;
}

int blob_look_for(struct client *client, const struct digest *digest, uint64_t size,
                  enum blob_presence *presence, struct error *error)
{
    cleanup_free char *url = client_url(client, "blobs/%s", digest->text);
    struct http_request request = {.method = "HEAD", .url = url};
    int status = client_send(client, &request, error);

    if (status < 0)
        return error_context(error, "look for blob %s", digest->text);
    *presence = judge(client, status, size);
    if ((*presence == BLOB_UNSIZED || knows_no_head(status)) &&
        look_by_get(client, url, size, presence, error))
        return error_context(error, "look for blob %s", digest->text);
    return 0;
}

/* Where a HEAD does not tell. */
static int manifest_look_by_get(struct client *client, const char *name,
                                const struct digest *digest, bool *is_there, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;

    *is_there = false;
    if (fetch_manifest(client, name, &manifest, error))
        return error->kind == ERROR_INTERRUPTED || error->kind == ERROR_NETWORK ? -1 : 0;
    *is_there = digest_equal(&manifest->digest, digest);
    return 0;
}

int manifest_look_for(struct client *client, const char *name, const struct descriptor *manifest,
                      bool *is_there, struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", name);
    struct http_request request = {.method = "HEAD", .url = url, .accept = manifest->media_type};
    int status = client_send(client, &request, error);
    const char *header;

    if (status < 0)
        return error_context(error, "look for manifest %s", name);
    header = http_header(client_http(client), "Docker-Content-Digest", 0);
    if ((status == 200 && !header) || knows_no_head(status))
        return manifest_look_by_get(client, name, &manifest->digest, is_there, error);
    *is_there = status == 200 && header && strcmp(header, manifest->digest.text) == 0;
    return 0;
}

/* 1: the bytes at `url`, good until the next request; 0: refused, or more than `max`; -1: no
 * answer. */
static int get(struct client *client, const char *url, const char *accept, size_t max,
               const char **bytes, size_t *len, struct error *error)
{
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .accept = accept,
                                   .answer_max_bytes = max + 1};
    int status = client_send(client, &request, error);

    if (status < 0)
        return -1;
    *bytes = http_answer(client_http(client), len);
    return status == 200 && *len > 0 && *len <= max;
}

static int get_held_manifest(struct client *client, const char *tag, struct held_image *held,
                             struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", tag);
    const char *bytes;
    size_t len;
    int got = get(client, url, MEDIA_TYPE_MANIFEST, MANIFEST_MAX_BYTES, &bytes, &len, error);

    return got > 0 ? held_image_read_manifest(held, bytes, len) : got;
}

static int get_held_config(struct client *client, struct held_image *held, struct error *error)
{
    cleanup_free char *url = client_url(client, "blobs/%s", held->config.digest.text);
    const char *bytes;
    size_t len;
    int got = get(client, url, NULL, HELD_CONFIG_MAX_BYTES, &bytes, &len, error);

    return got > 0 ? held_image_read_config(held, bytes, len) : got;
}

int manifest_look_up(struct client *client, const char *tag, struct held_image *held,
                     struct error *error)
{
    cleanup(held_image_done) struct held_image found = {0};
    enum blob_presence presence = BLOB_ABSENT;
    int got = get_held_manifest(client, tag, &found, error);

    if (got < 0)
        return error_context(error, "look for tag %s", tag);
    /* Blobs may come from another host, which a push has no need of. */
    if (got == 0 || get_held_config(client, &found, error) <= 0 ||
        blob_look_for(client, &found.layer.digest, found.layer.size, &presence, error) ||
        presence != BLOB_PRESENT)
        return 0;
    *held = found;
    found = (struct held_image){0};
    return 1;
}
