// SPDX-License-Identifier: Apache-2.0
/*
 * What it takes to restore a checkpoint: a Pod, or the two configurations that crictl reads, and
 * what a person has to know and do besides. Reads an archive, or an image of one, as far as it is
 * needed, and writes nothing.
 */
#ifndef CKPTOCI_RESTORE_KIT_H
#define CKPTOCI_RESTORE_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "archive/finding.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "checkpoint/checkpoint.h"
#include "engines/reasoning.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "transport/destination.h"

/* Stands where the archive does not tell what has to be there. No API server, kubelet or engine
 * takes it for a name. */
#define RESTORE_FILL_IN "FILL-IN"

enum restore_target {
    RESTORE_BY_KUBERNETES,
    RESTORE_BY_CRICTL,
};

/* How the base image gets onto the node. */
enum restore_base {
    RESTORE_BASE_BY_HAND,
    RESTORE_BASE_BY_POD,    /* a Pod of its own, beside the other one */
    RESTORE_BASE_BY_VOLUME, /* an image volume of the Pod */
};

/* All borrowed; names and references are good already. NULL: as the archive has it, or none. */
struct restore_kit_options {
    const struct subject *subject;
    struct finding_policy policy;
    uint64_t max_unpacked_bytes; /* as in struct expansion */
    struct platform platform;    /* of an index; os NULL: this machine's */
    enum engine engine;          /* that restores it; ENGINE_UNKNOWN: the one that made it */
    const char *version_text;    /* of the engine, as the user wrote it; NULL: every version */
    struct engine_version version;
    enum restore_target target;
    enum restore_base base;
    const char *image; /* that the checkpoint has been, or will be, pushed to */
    const char *name, *pod_namespace, *node;
    const json_t *pull_secrets; /* array of names */
    bool grants_privileges;     /* what the container had beyond others */
    struct sandbox *writable;   /* what the caller writes afterwards; all else becomes read-only */
    struct registry_options registry;
};

/* Zero-initialised. */
struct restore_kit {
    struct findings findings;
    /* Array: the Pods in the order to create them; or pod-config.json, then container-config.json
     */
    json_t *documents;
    json_t *notes;     /* array of lines, fit to be shown; what begins with a space is a command */
    size_t mark_count; /* places to fill in */
};

/* -1 also if no engine, or not the chosen one, would restore it. */
int restore_kit_run(const struct restore_kit_options *options, struct restore_kit *kit,
                    struct progress *progress, struct cancel *cancel, struct error *error);
void restore_kit_done(struct restore_kit *kit);

#endif
