// SPDX-License-Identifier: Apache-2.0
/* An image's documents in the registry (distribution-spec, "Pushing blobs", "Pushing Manifests").
 */
#ifndef CKPTOCI_REGISTRY_MANIFEST_H
#define CKPTOCI_REGISTRY_MANIFEST_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/image.h"
#include "registry/client.h"

/* Any manifest, as it is hashed; all borrowed. */
struct manifest_text {
    const char *media_type;
    const void *bytes;
    size_t len;
    struct digest digest;
};

/* HEAD: *is_there: the name, a tag or a digest, stands for this very manifest. What the registry
 * does not tell is false. -1: no answer at all. */
int manifest_look_for(struct client *client, const char *name, const struct manifest_text *text,
                      bool *is_there, struct error *error);
/* PUT: the status, 201 also where an answer was lost and the manifest turns out to be there: some
 * registries refuse to take it a second time. -1: no answer. */
int manifest_send(struct client *client, const char *name, const struct manifest_text *text,
                  struct error *error);

/* After a refusal: whether the manifest has its name all the same. Where tags are immutable, a PUT
 * is refused whose first try was taken and not answered. */
bool manifest_was_taken(struct client *client, const char *name, const struct manifest_text *text);

/* The config blob; not sent when the registry has it. */
int manifest_put_config(struct client *client, const struct image *image, struct error *error);

/* *is_there: the tag stands for this very manifest. What the registry does not tell is false. -1:
 * no answer at all. */
int manifest_is_tagged(struct client *client, const char *tag, const struct image *image,
                       bool *is_there, struct error *error);

/* Gives the image its name; its blobs must be there. Where the registry says that they are not, the
 * config is sent again, whatever it said of that before, and the manifest once more. */
int manifest_put(struct client *client, const char *tag, const struct image *image,
                 struct error *error);

#endif
