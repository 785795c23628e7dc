// SPDX-License-Identifier: Apache-2.0
/*
 * What the checks have found in one archive, and what is to be done about it. Embedded in its
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

#include "archive/check.h"
#include "archive/member.h"
#include "base/error.h"

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
