// SPDX-License-Identifier: Apache-2.0
/*
 * Where an image goes, or is read from, as the user writes it:
 *
 *     docker://HOST[:PORT]/NAME[:TAG]   a registry; the bare reference says the same
 *     oci:DIRECTORY[:TAG]               an OCI image layout
 *     oci-archive:FILE[:TAG]            a tar file of one
 *
 * The path of the last two ends at its first colon, as skopeo and podman have it. A place that is
 * read from may have @DIGEST behind, in all three.
 */
#ifndef CKPTOCI_TRANSPORT_DESTINATION_H
#define CKPTOCI_TRANSPORT_DESTINATION_H

#include "base/cancel.h"
#include "base/error.h"
#include "base/sandbox.h"
#include "oci/image-source.h"
#include "oci/image-target.h"
#include "oci/reference.h"
#include "registry/registry.h"

enum destination_kind {
    DESTINATION_REGISTRY,
    DESTINATION_LAYOUT,
    DESTINATION_ARCHIVE,
};

struct destination {
    enum destination_kind kind;
    char *name;                 /* in full, with the transport and the tag; for messages */
    struct reference reference; /* of a registry */
    char *path, *tag;           /* of a layout or archive; tag may be NULL */
    char *digest;               /* of what is read from a layout or archive, or NULL */
};

/* -1: ERROR_USAGE; *destination is then unchanged. */
int destination_parse(struct destination *destination, const char *text, struct error *error);
/* The same for a place that an image is read from. */
int destination_parse_source(struct destination *source, const char *text, struct error *error);
void destination_done(struct destination *destination);

/* The tag of an image there, or NULL. */
const char *destination_tag(const struct destination *destination);

/* What an image at this destination may be written to stays writable. Once its target is open: what
 * is there then counts. */
void destination_keep_writable(const struct destination *destination, struct sandbox *sandbox);

/* No I/O yet. `options` and `cancel` are borrowed until the target is freed. The destination's tag
 * plays no part: names come with the images. */
struct image_target *destination_target_new(const struct destination *destination,
                                            const struct registry_options *options,
                                            struct cancel *cancel);
/* The other way round; a digest counts more than a tag. */
struct image_source *destination_source_new(const struct destination *source,
                                            const struct registry_options *options,
                                            struct cancel *cancel);

#endif
