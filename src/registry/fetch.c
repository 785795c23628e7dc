// SPDX-License-Identifier: Apache-2.0
#include "registry/fetch.h"

#include <string.h>

#include "base/memory.h"
#include "http/http.h"
#include "http/url.h"
#include "oci/image-source.h"

/* The status is for callers who can do without what is not there. */
static int refused(struct client *client, int status, struct error *error)
{
    client_refused(client, status, error);
    error->http_status = status;
    return -1;
}

static int check_length(struct client *client, size_t max, struct error *error)
{
    size_t len;

    http_answer(client_http(client), &len);
    if (len <= max)
        return 0;
    return error_set(error, ERROR_FAILED, "the registry's answer has more than %zu bytes", max);
}

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

    bytes = xcalloc(len + 1, 1);
    memcpy(bytes, answer, len);
    if (check_length(client, MANIFEST_MAX_BYTES, error) ||
        manifest_new(&manifest, bytes, len, type, error))
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
    if ((status != 200 && refused(client, status, error)) || take_manifest(client, manifest, error))
        return error_context(error, "get manifest %s", reference);
    return 0;
}

/* *next: where a list goes on (RFC 8288), or NULL; free() it. */
static int next_page(struct client *client, char **next, struct error *error)
{
    const char *link = http_header(client_http(client), "Link", 0);
    const char *end = link ? strchr(link, '>') : NULL;
    cleanup_free char *target = NULL;

    *next = NULL;
    if (!link || *link != '<' || !end || !strcasestr(end, "rel=\"next\""))
        return 0;
    target = xstrndup(link + 1, (size_t)(end - link - 1));
    if (url_resolve(next, http_url(client_http(client)), target, error))
        return error_context(error, "Link header");
    return 0;
}

/* Appends the page's array `key` to the list. */
static int take_page(struct client *client, const char *key, json_t *list, size_t max,
                     struct error *error)
{
    cleanup(json_decrefp) json_t *page = NULL;
    json_t *items;
    size_t len;
    const char *answer = http_answer(client_http(client), &len);

    if (check_length(client, FETCH_PAGE_MAX_BYTES, error))
        return -1;
    page = json_loadb(answer, len, 0, NULL);
    items = json_object_get(page, key);
    if (!json_is_object(page) || (items && !json_is_array(items) && !json_is_null(items)))
        return error_set(error, ERROR_FAILED, "the registry's answer is no list of \"%s\"", key);
    if (json_array_size(items) + json_array_size(list) > max)
        return error_set(error, ERROR_FAILED, "the list has more than %zu entries", max);
    if (json_is_array(items))
        json_array_extend(list, items);
    return 0;
}

/* All pages from `url` on, which it takes. -1 also for an answer that is not 200. */
static int fetch_list(struct client *client, char *url, const char *key, size_t max, json_t **ret,
                      struct error *error)
{
    cleanup(json_decrefp) json_t *list = json_array();
    cleanup_free char *page_url = url;

    for (int page = 0; page_url; page++) {
        struct http_request request = {.method = "GET",
                                       .url = page_url,
                                       .accept = "application/json, " MEDIA_TYPE_INDEX,
                                       .answer_max_bytes = FETCH_PAGE_MAX_BYTES + 1};
        int status = client_send(client, &request, error);
        char *next;

        if (status < 0)
            return -1;
        if (status != 200)
            return refused(client, status, error);
        if (page == FETCH_MAX_PAGES)
            return error_set(error, ERROR_FAILED, "the list has more than %d pages",
                             FETCH_MAX_PAGES);
        if (take_page(client, key, list, max, error) || next_page(client, &next, error))
            return -1;
        free(page_url);
        page_url = next;
    }
    *ret = steal(list);
    return 0;
}

int fetch_tags(struct client *client, json_t **tags, struct error *error)
{
    if (fetch_list(client, client_url(client, "tags/list?n=1000"), "tags", IMAGE_SOURCE_MAX_TAGS,
                   tags, error))
        return error_context(error, "list the tags");
    return 0;
}

static int fetch_fallback_referrers(struct client *client, const struct digest *subject,
                                    json_t **descriptors, struct error *error)
{
    cleanup(manifest_freep) struct manifest *index = NULL;
    cleanup_free char *tag = xasprintf("sha256-%s", digest_hex(subject));

    if (fetch_manifest(client, tag, &index, error)) {
        if (error->http_status != 404)
            return -1;
        *error = (struct error){0};
        *descriptors = json_array();
        return 0;
    }
    if (!index || index->kind != MANIFEST_INDEX || index->part_count > FETCH_MAX_REFERRERS)
        return error_set(error, ERROR_FAILED, "tag %s is no index of at most %d referrers", tag,
                         FETCH_MAX_REFERRERS);
    *descriptors = json_incref(json_object_get(index->json, "manifests"));
    return 0;
}

int fetch_referrers(struct client *client, const struct digest *subject, json_t **descriptors,
                    struct error *error)
{
    struct error refusal = {0};

    if (fetch_list(client, client_url(client, "referrers/%s", subject->text), "manifests",
                   FETCH_MAX_REFERRERS, descriptors, &refusal) == 0)
        return 0;
    if (refusal.http_status == 404 || refusal.http_status == 405) {
        if (fetch_fallback_referrers(client, subject, descriptors, error) == 0)
            return 0;
    } else {
        *error = refusal;
    }
    return error_context(error, "list the referrers of %s", subject->text);
}
