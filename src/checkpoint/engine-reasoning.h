// SPDX-License-Identifier: Apache-2.0
/*
 * Whether an engine would restore a checkpoint, and what it takes. Pure: from what is known of an
 * archive, and of the image around it, to lines that a person can follow. The rules are a table in
 * engine-rules.c; docs/engines.md tells where each was seen.
 *
 *     engine_reason(&reasoning, &subject, ENGINE_CRIO, &version)
 *     ... reasoning.verdict, reasoning.reasons[i].text ...
 *     reasoning_done(&reasoning)
 */
#ifndef CKPTOCI_CHECKPOINT_ENGINE_REASONING_H
#define CKPTOCI_CHECKPOINT_ENGINE_REASONING_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/engine-version.h"
#include "checkpoint/member.h"

/* The later, the graver: the gravest of the lines is the verdict. */
enum verdict {
    VERDICT_YES,
    VERDICT_NEEDS, /* yes, if somebody sees to it */
    VERDICT_UNKNOWN,
    VERDICT_NO,
};

/* What an image says of itself. All borrowed; strings and objects NULL where they are missing. */
struct restore_image {
    const json_t *annotations;     /* of the manifest */
    bool has_index;                /* the name stands for an index */
    const json_t *top_annotations; /* of the index, or of the manifest without one */
    const char *manifest_type, *config_type, *layer_type;
    bool layer_type_is_true;
    const char *os, *architecture; /* of the config */
};

/* What an engine may want of an archive beside its metadata. */
struct engine_members {
    bool has_deleted_files, has_status_dump;
};

/* All borrowed. */
struct restore_subject {
    const struct checkpoint *checkpoint;
    const json_t *spec, *config; /* spec.dump, config.dump */
    struct engine_members members;
    const struct restore_image *image; /* NULL: the image that convert makes of the archive */
};

struct reason {
    enum verdict verdict;
    const char *rule; /* a stable name */
    char *text;       /* a phrase that reads on from the verdict; clean for a terminal */
    json_t *items;    /* what the text lists, complete; NULL: it lists nothing */
};

struct reasoning {
    enum verdict verdict;
    struct reason *reasons;
    size_t count;
};

/* Versions that are treated alike. */
struct engine_range {
    enum engine engine;
    const char *versions;
    struct engine_version sample; /* one of them */
};

/* For a walk_visitor, whose context is the struct engine_members. */
int engine_members_visit(void *context, const struct member *member, struct error *error);

/* Every version, in order; ends with ENGINE_UNKNOWN. */
extern const struct engine_range engine_ranges[];

/* "yes", "needs", "unknown", "no". */
const char *verdict_name(enum verdict verdict);

/* An engine as the command line names it: cri-o, containerd, podman. -1: ERROR_USAGE. */
int engine_parse(enum engine *engine, const char *text, struct error *error);

void engine_reason(struct reasoning *reasoning, const struct restore_subject *subject,
                   enum engine engine, const struct engine_version *version);
/* The first of the lines that decided, or NULL. */
const struct reason *reasoning_decisive(const struct reasoning *reasoning);
void reasoning_done(struct reasoning *reasoning);

/* For the rules: adds a line; takes `items`, which may be NULL. */
void reasoning_add(struct reasoning *reasoning, enum verdict verdict, const char *rule,
                   json_t *items, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
