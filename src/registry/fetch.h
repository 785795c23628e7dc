// SPDX-License-Identifier: Apache-2.0
/* What a repository has, for its readers and for its writers: manifests, and whether a blob is
 * there (distribution-spec, "Pull"). */
#ifndef CKPTOCI_REGISTRY_FETCH_H
#define CKPTOCI_REGISTRY_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/manifest.h"
#include "registry/client.h"

/* By tag or digest. -1: http_status is 404 where there is none. */
int fetch_manifest(struct client *client, const char *reference, struct manifest **manifest,
                   struct error *error);

/* What the tag stands for that lists the subject's referrers where a registry has no API for them
 * (distribution-spec, "Referrers Tag Schema"). NULL: nothing, or the subject itself: some
 * registries take such a tag for the digest. */
int fetch_referrers_tag(struct client *client, const struct digest *subject, struct manifest **list,
                        struct error *error);

enum blob_presence {
    BLOB_ABSENT,
    BLOB_PRESENT,
    BLOB_OTHER_SIZE, /* something is there, but not all of it */
    BLOB_UNSIZED,    /* the registry says it is there but not how large: some say so of anything */
};

/* HEAD ("Checking if content exists"), or a GET where that does not tell. -1: no answer at all. */
int blob_look_for(struct client *client, const struct digest *digest, uint64_t size,
                  enum blob_presence *presence, struct error *error);

/* The same: *is_there: the name, a tag or a digest, stands for this very manifest. What the
 * registry does not tell is false. -1: no answer at all. */
int manifest_look_for(struct client *client, const char *name, const struct descriptor *manifest,
                      bool *is_there, struct error *error);

/* What the tag stands for. 1: *held, complete, and its layer is there with the right size. 0: the
 * registry does not tell, or it is no image of ours. -1: no answer at all. */
int manifest_look_up(struct client *client, const char *tag, struct held_image *held,
                     struct error *error);

#endif
