// SPDX-License-Identifier: Apache-2.0
/* An image's documents in the registry (distribution-spec, "Pushing blobs", "Pushing Manifests",
 * "Pulling manifests"). A name is a tag or a digest. */
#ifndef CKPTOCI_REGISTRY_MANIFEST_H
#define CKPTOCI_REGISTRY_MANIFEST_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/image.h"
#include "oci/manifest.h"
#include "registry/client.h"

/* HEAD: *is_there: the name stands for this very manifest. What the registry does not tell is
 * false. -1: no answer at all. */
int manifest_look_for(struct client *client, const char *name, const struct descriptor *manifest,
                      bool *is_there, struct error *error);

/* What the tag stands for. 1: *held, complete, and its layer is there with the right size. 0: the
 * registry does not tell, or it is no image of ours. -1: no answer at all. */
int manifest_look_up(struct client *client, const char *tag, struct held_image *held,
                     struct error *error);

/* The config blob; not sent when the registry has it. */
int manifest_put_config(struct client *client, const struct image *image, struct error *error);
/* Gives the image its name; its blobs must be there. Where the registry says that they are not, the
 * config is sent again, whatever it said of that before, and the manifest once more. */
int manifest_put_image(struct client *client, const char *tag, const struct image *image,
                       struct error *error);

/* Any manifest. One with a subject also becomes its referrer, by the tag that lists them where the
 * registry does not know of referrers. */
int manifest_put(struct client *client, const char *name, const struct manifest *manifest,
                 struct error *error);

#endif
