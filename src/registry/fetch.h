// SPDX-License-Identifier: Apache-2.0
/* What is read from a repository at once (distribution-spec, "Pull" and "Content Discovery"): a
 * manifest, the tags, the referrers. */
#ifndef CKPTOCI_REGISTRY_FETCH_H
#define CKPTOCI_REGISTRY_FETCH_H

#include <jansson.h>

#include "base/error.h"
#include "oci/manifest.h"
#include "registry/client.h"

enum {
    FETCH_PAGE_MAX_BYTES = 4 << 20, /* of a list of tags or referrers */
    FETCH_MAX_PAGES = 1000,
    FETCH_MAX_REFERRERS = 10000, /* of one manifest */
};

/* By tag or digest. -1: http_status is 404 where there is none. */
int fetch_manifest(struct client *client, const char *reference, struct manifest **manifest,
                   struct error *error);
/* *tags: a new array of strings. */
int fetch_tags(struct client *client, json_t **tags, struct error *error);
/* *descriptors: a new array of objects; empty where there are none. From the referrers API or,
 * where a registry has none, from the tag that takes its place ("Unavailable Referrers API"). */
int fetch_referrers(struct client *client, const struct digest *subject, json_t **descriptors,
                    struct error *error);

#endif
