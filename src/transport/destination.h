// SPDX-License-Identifier: Apache-2.0
/*
 * What a name on the command line stands for.
 *
 * A destination is where an image goes, or is read from:
 *
 *     docker://HOST[:PORT]/NAME[:TAG]   a registry; the bare reference says the same, but a
 *                                       destination must then name the host
 *     oci:DIRECTORY[:TAG]               an OCI image layout
 *     oci-archive:FILE[:TAG]            a tar file of one
 *
 * Where the path of the last two ends is said in transport/place.h. In all three, a place that is
 * read from may have @DIGEST behind, and one that images are copied to as they are.
 *
 * A subject is what a command is to look at, a checkpoint archive or an image:
 *
 *     -                                        an archive on standard input
 *     docker://..., oci:..., oci-archive:...   an image, as above
 *     a file that exists, or what can only be a path   an archive
 *     a directory that exists                  neither
 *     anything else                            an image in a registry, as docker and podman write
 * it
 */
#ifndef CKPTOCI_TRANSPORT_DESTINATION_H
#define CKPTOCI_TRANSPORT_DESTINATION_H

#include <stdbool.h>

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
    bool may_replace;           /* an archive's file that holds other images; false after parsing */
    char *digest; /* of what is read from a layout or archive, or copied there; or NULL */
};

/* -1: ERROR_USAGE; *destination is then unchanged. */
int destination_parse(struct destination *destination, const char *text, struct error *error);
/* The same for a place that an image is read from. */
int destination_parse_source(struct destination *source, const char *text, struct error *error);
/* The same for a place that an image is copied to, whose digest can be known. */
int destination_parse_copy(struct destination *destination, const char *text, struct error *error);
void destination_done(struct destination *destination);

/* The tag of an image there, or NULL. */
const char *destination_tag(const struct destination *destination);
/* The digest that was given for it, or NULL. */
const char *destination_digest(const struct destination *destination);

/* For a place that all tags of are meant: the tag that it was given without being asked for. */
void destination_drop_tag(struct destination *destination);

/* What an image is called at the destination that its source calls `name`, whoever made that up:
 * *tag, free() it. -1: nothing can be called so there. */
int destination_tag_for(const struct destination *destination, const char *name, char **tag,
                        struct error *error);

/* How an image with this tag, or with NULL none, is named there; free() it. */
char *destination_name_with(const struct destination *destination, const char *tag);

/* Lets the sandbox write where an image at this destination is written. To be called once the
 * target is open, because directories must exist by then. */
void destination_keep_writable(const struct destination *destination, struct sandbox *sandbox);

/* No I/O yet. `options` and `cancel` are borrowed until the target is freed. The destination's tag
 * plays no part: names come with the images. */
struct image_target *destination_target_new(const struct destination *destination,
                                            const struct registry_options *options,
                                            struct cancel *cancel);
/* To read from it. If there is a digest, the tag is ignored. */
struct image_source *destination_source_new(const struct destination *source,
                                            const struct registry_options *options,
                                            struct cancel *cancel);

/* The manifest of the image that the source was made for. Where the tag is not there, or one is
 * needed, the error tells of up to ten that are, the most alike first. */
int destination_get_manifest(const struct destination *place, struct image_source *source,
                             struct manifest **manifest, struct error *error);

/* The digest of the manifest that an image's name stands for now, as the very place says that it
 * was pushed to, and no mirror of that. `image` is written as destination_parse_source() takes it.
 * -1 also if nothing is there. */
int image_digest(const char *image, const struct registry_options *options, struct cancel *cancel,
                 struct digest *digest, struct error *error);

enum subject_kind {
    SUBJECT_ARCHIVE,
    SUBJECT_IMAGE,
};

struct subject {
    enum subject_kind kind;
    const char *path;         /* of an archive, borrowed; "-": standard input */
    struct destination image; /* of an image */
};

/* -1: ERROR_USAGE, it is neither; *subject is then unchanged. `text` must outlive the subject. */
int subject_parse(struct subject *subject, const char *text, struct error *error);
void subject_done(struct subject *subject);

/* What a word of the command line must mean, whatever is wrong with it otherwise: to tell of
 * arguments in the wrong order. Both are false where it may be either. */
bool subject_is_archive(const char *text);
bool subject_is_image(const char *text);

/* For messages: the path, or the image's name in full. */
const char *subject_name(const struct subject *subject);

#endif
