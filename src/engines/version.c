// SPDX-License-Identifier: Apache-2.0
#include "engines/version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What distributions and builds put behind a version: "-rc.1", "+git", "~ds1". */
static const char suffixes[] = "-+~";

static int parse_number(const char **text, int *number)
{
    char *end;
    long value;

    if (!isdigit((unsigned char)**text))
        return -1;
    value = strtol(*text, &end, 10);
    if (value >= ENGINE_VERSION_MAX)
        return -1;
    *number = (int)value;
    *text = end;
    return 0;
}

int engine_version_parse(struct engine_version *ret, const char *text, struct error *error)
{
    struct engine_version version = {0};
    int *const parts[] = {&version.major, &version.minor, &version.patch};
    const char *at = *text == 'v' ? text + 1 : text;
    size_t count = 0;

    if (strcmp(text, "main") == 0) {
        *ret = ENGINE_VERSION_MAIN;
        return 0;
    }
    while (count < sizeof parts / sizeof *parts && parse_number(&at, parts[count]) == 0) {
        count++;
        if (*at != '.')
            break;
        at++;
    }
    if (count < 2 || (*at != '\0' && !strchr(suffixes, *at)))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no version, as in 1.36, 2.3.4 or main for what is not released",
                         text);
    *ret = version;
    return 0;
}

int engine_version_compare(const struct engine_version *a, const struct engine_version *b)
{
    if (a->major != b->major)
        return a->major < b->major ? -1 : 1;
    if (a->minor != b->minor)
        return a->minor < b->minor ? -1 : 1;
    if (a->patch != b->patch)
        return a->patch < b->patch ? -1 : 1;
    return 0;
}
