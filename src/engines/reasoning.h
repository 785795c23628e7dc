// SPDX-License-Identifier: Apache-2.0
/*
 * Whether an engine would restore a checkpoint, and what it takes. Pure: from what is known of an
 * archive, and of the image around it, to lines that a person can follow. The rules are a table in
 * rules.c; docs/engines.md tells where each was seen.
 *
 *     engine_reason(&reasoning, &subject, ENGINE_CRIO, &version)
 *     ... reasoning.verdict, reasoning.reasons[i].text ...
 *     reasoning_done(&reasoning)
 */
#ifndef CKPTOCI_ENGINES_REASONING_H
#define CKPTOCI_ENGINES_REASONING_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "archive/member.h"
#include "checkpoint/checkpoint.h"
#include "oci/manifest.h"

enum { ENGINE_VERSION_MAX = 9999 };

/* As far as rules ask for it. */
struct engine_version {
    int major, minor, patch;
};

/* The development branch: newer than every release. */
#define ENGINE_VERSION_MAIN         \
    (struct engine_version)         \
    {                               \
        .major = ENGINE_VERSION_MAX \
    }

/* "1.36", "v1.36.3", "2.4.0-beta.1" (a release to come counts as that release) or "main". -1:
 * ERROR_USAGE. */
int engine_version_parse(struct engine_version *version, const char *text, struct error *error);

/* As strcmp(). */
int engine_version_compare(const struct engine_version *a, const struct engine_version *b);

/* In order of their weight: the gravest of the lines is the verdict of all. */
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

/* From the manifest and the config of an image. `top` is what the image's name stands for: an
 * index, or the manifest itself. The layer's type is taken to be true. */
struct restore_image restore_image_of(const struct manifest *manifest, const struct manifest *top,
                                      const json_t *config);

/* What an engine may want of an archive beside its metadata. */
struct engine_members {
    bool has_deleted_files, has_status_dump;
    bool has_parent; /* checkpoint/parent: it builds on an earlier checkpoint */
};

/* All borrowed. */
struct restore_subject {
    const struct checkpoint *checkpoint;
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

/* For a walk_visitor, whose context is the struct engine_members. */
int engine_members_visit(void *context, const struct member *member, struct error *error);

/* "yes", "needs", "unknown", "no". */
const char *verdict_name(enum verdict verdict);

/* The first version of the engine that mounts /etc/passwd itself; zero: all of them do. */
struct engine_version engine_passwd_since(enum engine engine);

void engine_reason(struct reasoning *reasoning, const struct restore_subject *subject,
                   enum engine engine, const struct engine_version *version);
/* The first of the lines that decided; there is one. */
const struct reason *reasoning_decisive(const struct reasoning *reasoning);
void reasoning_done(struct reasoning *reasoning);

enum { ENGINE_MAX_ANSWERS = 16 };

/* Whether one engine, in these versions, would restore it. */
struct engine_answer {
    enum engine engine;
    const char *versions;
    struct reasoning reasoning;
};

/* Embedded in its owner, zero-initialised. */
struct engine_answers {
    struct engine_answer list[ENGINE_MAX_ANSWERS];
    size_t count;
};

/* Asks one engine, or all of them (ENGINE_UNKNOWN), in each range of versions; with a version_text,
 * one engine in `version` alone. Texts are borrowed. */
void engine_ask(struct engine_answers *answers, const struct restore_subject *subject,
                enum engine engine, const char *version_text, const struct engine_version *version);
void engine_answers_done(struct engine_answers *answers);

#endif
