// SPDX-License-Identifier: Apache-2.0
/* How commands show what the checks have found, and take --allow. */
#ifndef CKPTOCI_FINDINGS_VIEW_H
#define CKPTOCI_FINDINGS_VIEW_H

#include "base/error.h"
#include "checkpoint/finding.h"

/* Sets a struct finding_policy to the value of --allow: a check's name, or "list", which prints all
 * checks and ends the program. -1: ERROR_USAGE. */
int findings_view_allow(void *policy, const char *value, struct error *error);

/* The warnings among them, a line each on stderr: "ckptoci: warning: CHECK: MEMBER: ...". */
void findings_view_warn(const struct findings *findings);

/* What to do about a refusal, behind the error that tells of it. */
void findings_view_advise(const struct findings *findings, struct error *error);

#endif
