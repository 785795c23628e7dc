// SPDX-License-Identifier: Apache-2.0
/*
 * What an archive is checked for, a table whose names scripts may rely on; and what the checks have
 * found in one archive, and what is to be done about it. `struct findings` is embedded in its
 * owner, zero-initialised with a policy; one thread at a time.
 *
 *     struct findings findings = {.policy = {.strict = true}};
 *     walk_archive(&walk, tar, NULL, &findings, &error)      // and other checks report
 *     ... findings.list, findings_refusal(), findings_json() ...
 *     findings_done(&findings)
 */
#ifndef CKPTOCI_ARCHIVE_FINDING_H
#define CKPTOCI_ARCHIVE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

struct member;

enum check {
    /* The archive cannot be used at all. */
    CHECK_DAMAGED_ARCHIVE,
    CHECK_TRAILING_DATA,
    CHECK_OTHER_COMPRESSION,
    CHECK_ARCHIVE_CHANGED,
    CHECK_MISSING_MEMBER,
    CHECK_METADATA,
    /* Members, of the archive and of the tars inside. */
    CHECK_MEMBER_TYPE,
    CHECK_MEMBER_NAME,
    CHECK_PATH_ESCAPE,
    CHECK_DUPLICATE_MEMBER,
    CHECK_WHITEOUT,
    CHECK_LINK_ESCAPE,
    CHECK_HARD_LINK_OUTSIDE,
    CHECK_WRITE_THROUGH_LINK,
    CHECK_BASE_IMAGE_LINK,
    CHECK_DEVICE_NODE,
    CHECK_SPARSE_MEMBER,
    CHECK_HEADER_OVERRIDE,
    CHECK_AMBIGUOUS_HEADER,
    CHECK_INNER_ARCHIVE,
    CHECK_DECOMPRESSION_BOMB,
    CHECK_TOO_MANY_MEMBERS,
    CHECK_CASE_VARIANT,
    CHECK_HIDDEN_CHARACTERS,
    /* What the files say. */
    CHECK_DELETED_FILES,
    CHECK_BIND_MOUNTS,
    CHECK_IMAGE_REFERENCE,
    CHECK_IMAGE_NAMES_DIFFER,
    CHECK_EMPTY_IMAGE_REF,
    CHECK_HOST_MOUNT,
    CHECK_HOOK,
    CHECK_CDI_DEVICE,
    CHECK_ENGINE_ANNOTATION,
    CHECK_RUNTIME_ANNOTATION,
    CHECK_UNMASKED_PATHS,
    CHECK_HOST_ACCESS,
    CHECK_PODMAN_CONFIG,
    CHECK_GPU_PLUGIN,
    CHECK_UNKNOWN_ARCHITECTURE,
    CHECK_CRIU_PATH,
    CHECK_CRIU_IMAGES,
    CHECK_CRIU_HOST_ACTION,
    CHECK_CRIU_UNKNOWN_FILE,
    /* The archive beside what the user says, and where it goes. */
    CHECK_CONTAINER_NAME,
    CHECK_FILE_NAME,
    CHECK_READABLE_ARCHIVE,
    CHECK_REGISTRY_LIMIT,
    CHECK_PLAIN_HTTP,
    /* An image against itself and against its archive. */
    CHECK_IMAGE_MANIFEST,
    CHECK_IMAGE_MANIFEST_TYPE,
    CHECK_IMAGE_MEDIA_TYPE_MISSING,
    CHECK_IMAGE_INDEX,
    CHECK_IMAGE_UNMARKED,
    CHECK_IMAGE_LAYERS,
    CHECK_IMAGE_CONFIG,
    CHECK_IMAGE_CONFIG_TYPE,
    CHECK_IMAGE_PLATFORM,
    CHECK_IMAGE_LAYER_DIGEST,
    CHECK_IMAGE_LAYER_TYPE,
    CHECK_IMAGE_DIFF_ID,
    CHECK_IMAGE_ANNOTATION_MISSING,
    CHECK_IMAGE_ANNOTATION_DIFFERS,
    CHECK_COUNT,
};

enum check_severity {
    CHECK_WARNS,
    CHECK_REFUSES,
    CHECK_REFUSES_ALWAYS, /* there is nothing to go on with: it cannot be allowed */
};

struct check_info {
    const char *name; /* lower case with dashes; never changes */
    enum check_severity severity;
    const char *consequence; /* a clause that says what could happen */
    const char *reference;   /* the CVE, or issue of a project, where it did; or NULL */
};

const struct check_info *check_info(enum check check);
/* "refuse" or "warn". */
const char *check_severity_name(enum check check);
/* false: there is no check of that name. */
bool check_find(const char *name, enum check *check);

enum {
    FINDINGS_MAX_KEPT = 8, /* of one check; further ones are only counted */
    FINDING_NAME_MAX_BYTES = 300,
    FINDING_DETAIL_MAX_BYTES = 600,
};

/* A plain value. Zero: refuse what is refused, warn of the rest, stop at the first refusal. */
struct finding_policy {
    bool strict;               /* what else warns is refused */
    bool keeps_going;          /* refusals do not end the work unless there is nothing to go on
                                  with */
    bool allowed[CHECK_COUNT]; /* one step milder, also if strict: a refusal warns, a warning is
                                  only noted */
};

enum finding_level { FINDING_ALLOWED, FINDING_WARNING, FINDING_REFUSAL };

struct finding {
    enum check check;
    enum finding_level level;
    char *member; /* fit to be shown; NULL: the archive as a whole */
    char *detail; /* what was found; fit to be shown */
};

struct findings {
    struct finding_policy policy;
    struct finding *list; /* in the order they were found */
    size_t count;
    size_t counts[CHECK_COUNT]; /* of all, also those that were not kept */
    size_t refusals;
};

/*
 * Notes what was found in `member` (NULL: in no member of its own), as error_set() formats it. 0:
 * go on. -1: the archive is refused: *error is ERROR_ARCHIVE and says all of it.
 */
int finding_report(struct findings *findings, enum check check, const char *member,
                   struct error *error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same; a member of a tar inside is called "rootfs-diff.tar:etc/passwd". */
int finding_report_member(struct findings *findings, enum check check, const struct member *member,
                          struct error *error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same, and always -1: there is nothing to go on with, whatever is allowed. */
int finding_report_fatal(struct findings *findings, enum check check, const char *member,
                         struct error *error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* So many more of a check whose first FINDINGS_MAX_KEPT were reported. */
void findings_count(struct findings *findings, enum check check, size_t more);

/* The first refusal, NULL without one. */
const struct finding *findings_refusal(const struct findings *findings);
/* "CHECK: MEMBER: what was found; what could happen". The caller's. */
char *finding_line(const struct finding *finding);
/* An array of objects, a new reference. */
json_t *findings_json(const struct findings *findings);

/* Forgets all, the policy apart. */
void findings_clear(struct findings *findings);
void findings_done(struct findings *findings);

#endif
