// SPDX-License-Identifier: Apache-2.0
/* The table of what engines ask for. Each row holds for one engine and some of its versions, and is
 * either a fact or a function that looks at the subject. */
#ifndef CKPTOCI_CHECKPOINT_ENGINE_RULES_H
#define CKPTOCI_CHECKPOINT_ENGINE_RULES_H

#include "checkpoint/engine-reasoning.h"

struct engine_rule {
    enum engine engine;                 /* ENGINE_UNKNOWN: all of them */
    struct engine_version from, before; /* before all zero: up to the newest */
    const char *name;
    /* A NULL text: ask check(). A fact with VERDICT_NO ends the reasoning. */
    enum verdict verdict;
    const char *text;
    void (*check)(const struct engine_rule *rule, const struct restore_subject *subject,
                  struct reasoning *reasoning);
};

/* Ends with a NULL name. The order is that of the lines. */
extern const struct engine_rule engine_rules[];

/* Checks that need some room: engine-image.c, engine-archive.c. */
typedef void engine_check(const struct engine_rule *, const struct restore_subject *,
                          struct reasoning *);
engine_check engine_check_manifest_type, engine_check_config_type, engine_check_layer_type,
    engine_check_platform, engine_check_crio_annotation, engine_check_containerd_annotation,
    engine_check_podman_annotation;
engine_check engine_check_crio_annotations, engine_check_crio_image_id, engine_check_deleted_files,
    engine_check_written_by_newer, engine_check_status_dump, engine_check_containerd_base,
    engine_check_base_on_node, engine_check_podman_base, engine_check_mounts,
    engine_check_mounts_and_passwd;

#endif
