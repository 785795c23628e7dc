// SPDX-License-Identifier: Apache-2.0
/* A repository as an image source; registry.h says how it is used. */
#include "registry/registry.h"

#include <stdatomic.h>
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

/* Of lists of tags or referrers. Some registries ignore that they are asked for pages. */
enum {
    PAGE_MAX_BYTES = 16 << 20,
    LIST_MAX_BYTES = 64 << 20, /* all pages together */
    MAX_PAGES = 10000,
    MAX_REFERRERS = 10000, /* of one manifest */
};

struct pull {
    struct image_source source; /* first: what callers hold */
    struct reference reference; /* as it was named */
    struct registry_options options;
    struct cancel *cancel;

    /* Where it may be read from (containers-registries.conf(5)): the mirrors, then the location. */
    struct registries_rule rule;
    size_t next_place; /* one behind the mirrors is the location; further ones are none */
    struct blob_places blob_places;

    /* Where it is read from. */
    struct reference place;
    struct registry_options place_options;
    struct client *client;     /* NULL before open */
    struct manifest *manifest; /* that a mirror had to show; NULL: none is at hand */
};

/* A digest says more than the tag beside it. */
static const char *own_name(const struct pull *pull)
{
    return pull->place.digest ? pull->place.digest : pull->place.tag;
}

/* `location` is the rule's own or a mirror's. */
static int open_at(struct pull *pull, const char *location, bool is_insecure, struct error *error)
{
    struct registry_options *options = &pull->place_options;

    reference_done(&pull->place);
    if (registries_rule_locate(&pull->place, &pull->rule, location, &pull->reference, error))
        return -1;
    if (location && is_insecure && !options->tls_verify_given)
        options->tls_verify = false;
    /* Nobody has typed that host: the password is not for it. */
    if (strcmp(pull->place.domain, pull->reference.domain) != 0)
        options->creds = NULL;
    return client_open(&pull->client, &pull->place, CLIENT_PULL, options, pull->cancel, error);
}

static void close_place(struct pull *pull)
{
    client_free(steal(pull->client));
    manifest_free(steal(pull->manifest));
    reference_done(&pull->place);
    pull->place_options = pull->options;
}

static int fetch_named(struct pull *pull, struct error *error)
{
    const char *digest = pull->place.digest;

    if (fetch_manifest(pull->client, own_name(pull), &pull->manifest, error))
        return -1;
    if (digest && strcmp(digest, pull->manifest->digest.text) != 0)
        return error_set(error, ERROR_IMAGE, "what came has the digest %s",
                         pull->manifest->digest.text);
    return 0;
}

static void tell_of_mirror(const struct pull *pull, const struct registries_mirror *mirror,
                           const struct error *reason)
{
    static atomic_bool told; /* each worker of a copy comes by here */

    if (!atomic_exchange(&told, true))
        log_warning("mirror %s of \"%s\" in %s: %s: going on without it", mirror->location,
                    pull->rule.prefix, pull->rule.file, reason->text);
}

/* A mirror need not be there, nor have the image; there is another place to go on to, at once. */
static int open_mirror(struct pull *pull, const struct registries_mirror *mirror,
                       struct error *error)
{
    pull->place_options.retry.times = 0;
    if (open_at(pull, mirror->location, mirror->insecure, error) == 0 &&
        fetch_named(pull, error) == 0) {
        pull->place_options.retry.times = pull->options.retry.times;
        return 0;
    }
    close_place(pull);
    if (error->kind != ERROR_INTERRUPTED)
        tell_of_mirror(pull, mirror, error);
    return -1;
}

static void tell_of_creds(const struct pull *pull)
{
    if (pull->options.creds && !pull->place_options.creds)
        log_warning("--creds are for %s and are not shown to %s, where %s has it read from: log in "
                    "there with ckptoci login",
                    pull->reference.domain, pull->place.domain, pull->rule.file);
}

/* The next place that has the image. One that is blocked may have mirrors, as for other tools:
 * client_open() refuses the place itself. */
static int open_next(struct pull *pull, struct error *error)
{
    const struct registries_rule *rule = &pull->rule;
    int result;

    while (pull->next_place < rule->mirror_count) {
        const struct registries_mirror *mirror = &rule->mirrors[pull->next_place++];

        if (!registries_mirror_suits(mirror, &pull->reference))
            continue;
        if (open_mirror(pull, mirror, error) == 0)
            return 0;
        if (error->kind == ERROR_INTERRUPTED)
            return -1;
    }
    pull->next_place = rule->mirror_count + 1;
    result = open_at(pull, rule->blocked ? NULL : rule->location, rule->insecure, error);
    tell_of_creds(pull);
    return result;
}

static bool is_at_mirror(const struct pull *pull)
{
    return pull->next_place <= pull->rule.mirror_count;
}

/* The mirror does not give what it should have, for that reason. -1: it is none, or no other place
 * has the image, which the reason then tells. */
static int leave_mirror(void *context, struct error *reason)
{
    struct pull *pull = context;

    if (!pull->client) /* nor did any other place, the last time */
        return open_next(pull, reason);
    if (!is_at_mirror(pull) || reason->kind == ERROR_INTERRUPTED)
        return -1;
    tell_of_mirror(pull, &pull->rule.mirrors[pull->next_place - 1], reason);
    close_place(pull);
    return open_next(pull, reason);
}

static int pull_open(struct image_source *source, struct error *error)
{
    struct pull *pull = (struct pull *)source;
    cleanup_free char *name = reference_format(&pull->reference);

    pull->place_options = pull->options;
    if (!pull->options.only_named && registries_conf_find(&pull->rule, name, error))
        return -1;
    return open_next(pull, error);
}

static int pull_get_manifest(struct image_source *source, const char *reference,
                             struct manifest **manifest, struct error *error)
{
    struct pull *pull = (struct pull *)source;

    if (!reference && pull->manifest) {
        *manifest = steal(pull->manifest);
        return 0;
    }
    while (!pull->client ||
           fetch_manifest(pull->client, reference ? reference : own_name(pull), manifest, error))
        if (leave_mirror(pull, error))
            return -1;
    return 0;
}

static int pull_get_blob(struct image_source *source, const struct descriptor *descriptor,
                         struct source **blob, struct error *error)
{
    struct pull *pull = (struct pull *)source;

    (void)error;
    *blob = blob_source_new(&pull->blob_places, descriptor, pull->cancel);
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
    return 0;
}

/* A list that leads back to where it has been does not end. */
static int note_page(json_t *pages, const char *url, struct error *error)
{
    if (json_object_get(pages, url))
        return error_set(error, ERROR_FAILED, "the list goes in a circle: %s was read before", url);
    if (json_object_size(pages) == MAX_PAGES)
        return error_set(error, ERROR_FAILED, "the list has more than %d pages", MAX_PAGES);
    json_object_set_new(pages, url, json_true());
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
    cleanup(json_decrefp) json_t *list = json_array(), *pages = json_object();
    cleanup_free char *page_url = url;
    size_t len, total = 0;

    for (int page = 0; page_url; page++) {
        struct http_request request = {.method = "GET",
                                       .url = page_url,
                                       .accept = "application/json, " MEDIA_TYPE_INDEX,
                                       .answer_max_bytes = PAGE_MAX_BYTES + 1};
        int status;
        char *next;

        if (note_page(pages, page_url, error))
            return -1;
        status = client_send(client, &request, error);
        if (status < 0)
            return -1;
        if (has_no_api && page == 0)
            *has_no_api = is_no_list(client, status, key);
        if (status != 200 || (has_no_api && *has_no_api))
            return client_refused(client, status, error);
        http_answer(client_http(client), &len);
        total += len;
        if (total > LIST_MAX_BYTES)
            return error_set(error, ERROR_FAILED, "the list has more than %d bytes",
                             LIST_MAX_BYTES);
        if (take_page(client, key, list, max, error) || next_page(client, &next, error))
            return -1;
        free(page_url);
        page_url = next;
    }
    *ret = steal(list);
    return 0;
}

/* For a list: a mirror that does not have all of it would not say so. */
static int leave_mirrors(struct pull *pull, struct error *error)
{
    if (pull->client && !is_at_mirror(pull))
        return 0;
    close_place(pull);
    pull->next_place = pull->rule.mirror_count;
    return open_next(pull, error);
}

static int pull_list_tags(struct image_source *source, json_t **tags, struct error *error)
{
    struct pull *pull = (struct pull *)source;

    if (leave_mirrors(pull, error) ||
        fetch_list(pull->client, client_url(pull->client, "tags/list?n=1000"), "tags",
                   IMAGE_SOURCE_MAX_TAGS, NULL, tags, error))
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
    struct pull *pull = (struct pull *)source;
    struct client *client;
    bool has_no_api = false;

    if (leave_mirrors(pull, error))
        return error_context(error, "list the referrers of %s", subject->text);
    client = pull->client;
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

    close_place(pull);
    registries_rule_done(&pull->rule);
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
    pull->blob_places = (struct blob_places){&pull->client, leave_mirror, pull};
    return &pull->source;
}
