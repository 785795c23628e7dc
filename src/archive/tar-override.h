// SPDX-License-Identifier: Apache-2.0
/* PAX and GNU headers that put something in place of what the member's own header says
 * (POSIX.1-2001 pax, "pax Extended Header"; GNU tar's manual, "Basic Tar Format"). For
 * tar-headers.c. */
#ifndef CKPTOCI_ARCHIVE_TAR_OVERRIDE_H
#define CKPTOCI_ARCHIVE_TAR_OVERRIDE_H

#include "archive/tar-headers.h"

/* Takes what is in headers->records, the content of a header of type `type`. NULL, or what is wrong
 * with it. */
const char *tar_override_take(struct tar_headers *headers, char type);

/* Whether a text may stand in place of one that the header itself has: equal, or the header cannot
 * hold it and begins as it does. */
bool tar_override_agrees(const struct buffer *override, const char *own);

#endif
