// SPDX-License-Identifier: Apache-2.0
/* Names of members, as text. */
#ifndef CKPTOCI_ARCHIVE_MEMBER_PATH_H
#define CKPTOCI_ARCHIVE_MEMBER_PATH_H

#include <stdbool.h>

/* The path without "." components, doubled slashes and slashes at the end, as a file system would
 * take it; "." for the top, "" for "". A leading "/" and ".." stay. The caller's. */
char *member_path_clean(const char *raw);

/* Whether a component of the path is "..". */
bool member_path_climbs(const char *path);

#endif
