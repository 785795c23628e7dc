// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "base/memory.h"
#include "registry/blob-source.h"
#include "registry/client.h"
#include "registry/fetch.h"
#include "registry/registries-conf.h"

/* The image source of a repository; registry.h says how it is used. */
struct pull {
    struct image_source source; /* first: what callers hold */
    struct reference reference;
    struct registry_options options;
    struct cancel *cancel;
    struct client *client; /* NULL before open */
};

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

static int pull_list_tags(struct image_source *source, json_t **tags, struct error *error)
{
    return fetch_tags(((struct pull *)source)->client, tags, error);
}

static int pull_list_referrers(struct image_source *source, const struct digest *subject,
                               json_t **descriptors, struct error *error)
{
    return fetch_referrers(((struct pull *)source)->client, subject, descriptors, error);
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
