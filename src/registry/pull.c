// SPDX-License-Identifier: Apache-2.0
/* A repository as an image source; registry.h says how it is used. */
#include "registry/registry.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "http/http.h"
#include "http/url.h"
#include "registry/blob-source.h"
#include "registry/client.h"
#include "registry/fetch.h"
#include "registry/link.h"
#include "registry/registries-conf.h"

enum {
    PAGE_MAX_BYTES = 4 << 20, /* of a list of tags or referrers */
    MAX_PAGES = 1000,
    MAX_REFERRERS = 10000, /* of one manifest */
};

struct pull {
    struct image_source source; /* first: what callers hold */
    struct reference reference;
    struct registry_options options;
    struct cancel *cancel;
    struct client *client; /* NULL before open */
};

/* The password that was typed is not for a host that nobody has typed. */
static void forget_creds(struct pull *pull, const char *domain, const char *file)
{
    if (!pull->options.creds || strcmp(domain, pull->reference.domain) == 0)
        return;
    pull->options.creds = NULL;
    log_warning(
        "--creds are for %s and are not shown to %s, where %s has it read from: log in there "
        "with ckptoci login",
        pull->reference.domain, domain, file);
}

/* Images may be read from another place than their name says (containers-registries.conf(5),
 * "location"). */
static int locate(struct pull *pull, struct error *error)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};
    cleanup_free char *name = reference_format(&pull->reference);
    struct reference place;

    if (registries_conf_find(&rule, name, error))
        return -1;
    if (rule.blocked || !rule.location) /* client_open() says what is blocked */
        return 0;
    if (registries_rule_locate(&place, &rule, &pull->reference, error))
        return -1;
    if (rule.insecure && !pull->options.tls_verify_given)
        pull->options.tls_verify = false;
    forget_creds(pull, place.domain, rule.file);
    reference_done(&pull->reference);
    pull->reference = place;
    return 0;
}

static int pull_open(struct image_source *source, struct error *error)
{
    struct pull *pull = (struct pull *)source;

    if (locate(pull, error))
        return -1;
    return client_open(&pull->client, &pull->reference, CLIENT_PULL, &pull->options, pull->cancel,
                       error);
}

/* A digest says more than the tag beside it. */
static int pull_get_manifest(struct image_source *source, const char *reference,
                             struct manifest **manifest, struct error *error)
{
    struct pull *pull = (struct pull *)source;
    const struct reference *own = &pull->reference;

    if (!reference)
        reference = own->digest ? own->digest : own->tag;
    return fetch_manifest(pull->client, reference, manifest, error);
}

static int pull_get_blob(struct image_source *source, const struct descriptor *descriptor,
                         struct source **blob, struct error *error)
{
    struct pull *pull = (struct pull *)source;

    (void)error;
    *blob = blob_source_new(pull->client, descriptor, pull->cancel);
    return 0;
}

/* *next: where a list goes on (RFC 8288), or NULL; free() it. */
static int next_page(struct client *client, char **next, struct error *error)
{
    struct http *http = client_http(client);
    const char *header;

    *next = NULL;
    for (size_t i = 0; !*next && (header = http_header(http, "Link", i)); i++) {
        cleanup_free char *target = NULL;

        if (link_find_next(header, &target, error) < 0 ||
            (target && url_resolve(next, http_url(http), target, error) < 0))
            return error_context(error, "Link header");
    }
    if (*next && strcmp(*next, http_url(http)) == 0) {
        free(steal(*next));
        return error_set(error, ERROR_FAILED, "the list's next page is the same page again");
    }
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

    if (len > PAGE_MAX_BYTES)
        return error_set(error, ERROR_FAILED, "the registry's answer has more than %d bytes",
                         PAGE_MAX_BYTES);
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

/* How registries say that they know nothing of such a list: with one of these answers, with the web
 * page that every unknown path of theirs leads to, or with a document about something else. */
static bool is_no_list(struct client *client, int status, const char *key)
{
    static const int statuses[] = {400, 404, 405, 406, 501};
    cleanup(json_decrefp) json_t *document = NULL;
    size_t len;
    const char *answer = http_answer(client_http(client), &len);

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (status == statuses[i])
            return true;
    if (status != 200 || len > PAGE_MAX_BYTES)
        return false;
    if (answer[strspn(answer, " \t\r\n")] != '{')
        return true;
    document = json_loadb(answer, len, 0, NULL);
    return document && !json_object_get(document, key) &&
           !json_text_is(document, "mediaType", MEDIA_TYPE_INDEX);
}

/* All pages from `url` on, which it takes. -1 also for an answer that is not 200. *has_no_api,
 * where that may be: the registry has no such list. */
static int fetch_list(struct client *client, char *url, const char *key, size_t max,
                      bool *has_no_api, json_t **ret, struct error *error)
{
    cleanup(json_decrefp) json_t *list = json_array();
    cleanup_free char *page_url = url;

    for (int page = 0; page_url; page++) {
        struct http_request request = {.method = "GET",
                                       .url = page_url,
                                       .accept = "application/json, " MEDIA_TYPE_INDEX,
                                       .answer_max_bytes = PAGE_MAX_BYTES + 1};
        int status = client_send(client, &request, error);
        char *next;

        if (status < 0)
            return -1;
        if (has_no_api && page == 0)
            *has_no_api = is_no_list(client, status, key);
        if (status != 200 || (has_no_api && *has_no_api))
            return client_refused(client, status, error);
        if (page == MAX_PAGES)
            return error_set(error, ERROR_FAILED, "the list has more than %d pages", MAX_PAGES);
        if (take_page(client, key, list, max, error) || next_page(client, &next, error))
            return -1;
        free(page_url);
        page_url = next;
    }
    *ret = steal(list);
    return 0;
}

static int pull_list_tags(struct image_source *source, json_t **tags, struct error *error)
{
    struct client *client = ((struct pull *)source)->client;

    if (fetch_list(client, client_url(client, "tags/list?n=1000"), "tags", IMAGE_SOURCE_MAX_TAGS,
                   NULL, tags, error))
        return error_context(error, "list the tags");
    return 0;
}

/* Where a registry has no API for them, a tag lists them ("Unavailable Referrers API"). */
static int fetch_fallback_referrers(struct client *client, const struct digest *subject,
                                    json_t **descriptors, struct error *error)
{
    cleanup(manifest_freep) struct manifest *list = NULL;

    if (fetch_referrers_tag(client, subject, &list, error))
        return -1;
    if (list && (list->kind != MANIFEST_INDEX || list->part_count > MAX_REFERRERS))
        return error_set(error, ERROR_FAILED, "tag sha256-%s is no index of at most %d referrers",
                         digest_hex(subject), MAX_REFERRERS);
    *descriptors = list ? json_incref(json_object_get(list->json, "manifests")) : json_array();
    return 0;
}

static int pull_list_referrers(struct image_source *source, const struct digest *subject,
                               json_t **descriptors, struct error *error)
{
    struct client *client = ((struct pull *)source)->client;
    bool has_no_api = false;

    if (fetch_list(client, client_url(client, "referrers/%s", subject->text), "manifests",
                   MAX_REFERRERS, &has_no_api, descriptors, error) == 0)
        return 0;
    if (has_no_api && fetch_fallback_referrers(client, subject, descriptors, error) == 0)
        return 0;
    return error_context(error, "list the referrers of %s", subject->text);
}

static void pull_free(struct image_source *source)
{
    struct pull *pull = (struct pull *)source;

    client_free(pull->client);
    reference_done(&pull->reference);
    free(pull);
}

struct image_source *registry_source_new(const struct reference *reference,
                                         const struct registry_options *options,
                                         struct cancel *cancel)
{
    static const struct image_source_ops ops = {
        .open = pull_open,
        .get_manifest = pull_get_manifest,
        .get_blob = pull_get_blob,
        .list_tags = pull_list_tags,
        .list_referrers = pull_list_referrers,
        .free = pull_free,
    };
    struct pull *pull = NEW(struct pull);

    pull->source.ops = &ops;
    reference_copy(&pull->reference, reference);
    pull->options = *options;
    pull->cancel = cancel;
    return &pull->source;
}
