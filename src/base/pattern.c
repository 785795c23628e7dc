// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

bool pattern_matches(const char *pattern, const char *text)
{
    regex_t regex;
    bool matches;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "ckptoci: cannot compile the pattern %s\n", pattern);
        abort();
    }
    matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}
