// SPDX-License-Identifier: Apache-2.0
/*
 * The container engines that make and restore checkpoints: one row each in engine.c with what is
 * its own. checkpoint.c reads what their archives say, engines/rules.c has what it takes to restore
 * them.
 */
#ifndef CKPTOCI_CHECKPOINT_ENGINE_H
#define CKPTOCI_CHECKPOINT_ENGINE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"

enum engine {
    ENGINE_UNKNOWN,
    ENGINE_CRIO,
    ENGINE_CONTAINERD,
    ENGINE_PODMAN,
};
#define ENGINE_COUNT (ENGINE_PODMAN + 1)

/* The engines in words, for the command line: all of them, and those that restore into pods. */
#define ENGINE_NAMES "cri-o, containerd or podman"
#define ENGINE_NAMES_FOR_PODS "cri-o or containerd"

struct checkpoint;

struct engine_info {
    const char *name;   /* as checkpointctl names it; NULL for ENGINE_UNKNOWN */
    const char *option; /* as the command line names it */

    /* The annotation in spec.dump that tells its archives, and its value; NULL: any, where no other
     * engine's value is there. */
    const char *mark, *mark_value;
    const char *image_id_key; /* in config.dump: the id of the base image */
    bool insists_on_image_id; /* 64 hex digits, if it is there at all */

    /* What its annotations of an image begin with, and the one that marks a checkpoint. */
    const char *image_family, *image_mark;
    /* Adds those that only an archive of its own has; NULL: none. */
    void (*annotate)(json_t *annotations, const struct checkpoint *checkpoint,
                     const char *container);

    const char *const *capabilities; /* of a container that does not ask; ends with NULL */
    bool pulls_base_image;           /* itself, by the name and digest that the archive has */
    const char *own_restore;         /* the command, where it does not restore into pods; or NULL */
    const char *previous_option;     /* of that: the archive that a second checkpoint builds on */
    /* It unpacks rootfs-diff.tar so that a link in the path, or one with "..", stays below the
     * container's root. */
    bool keeps_links_inside;
};

/* Of ENGINE_UNKNOWN, too: what is assumed where the archive does not tell. */
const struct engine_info *engine_info(enum engine engine);
/* The engine as checkpointctl names it; NULL for ENGINE_UNKNOWN. */
const char *engine_name(enum engine engine);
/* As the command line names it, in any case. -1: ERROR_USAGE. */
int engine_parse(enum engine *engine, const char *text, struct error *error);
/* By the annotations in spec.dump. */
enum engine engine_detect(const json_t *annotations);

/* Of an image's manifest: whether it has annotations of a checkpoint, of any engine; and whether an
 * engine would know by one of them that it is a checkpoint. */
bool engine_has_annotation(const json_t *annotations);
bool engine_knows_image(const json_t *annotations);

/*
 * The manifest annotations by which each engine knows a checkpoint image, all at once: a new JSON
 * object of strings, the caller's. `container` stands for the archive's own name if not NULL;
 * `created` is RFC 3339. -1: there is no container name at all (ERROR_ARCHIVE; --name helps).
 */
int checkpoint_annotations(const struct checkpoint *checkpoint, const char *container,
                           const char *created, json_t **annotations, struct error *error);

#endif
