// SPDX-License-Identifier: Apache-2.0
/* Whether text follows a grammar that is written down as a POSIX extended regular expression. */
#ifndef CKPTOCI_BASE_PATTERN_H
#define CKPTOCI_BASE_PATTERN_H

#include <stdbool.h>

/* `pattern` is a constant of the caller's, with its own ^ and $; one that does not compile ends the
 * program. Bound the length of `text` before: matching costs more than linear time. */
bool pattern_matches(const char *pattern, const char *text);

#endif
