// SPDX-License-Identifier: Apache-2.0
#include "store/ref-name.h"

#include <string.h>

#include "base/text.h"

/* The specification has no limit. This is the longest "host/path:tag" a registry would take. */
enum { REF_NAME_MAX_LEN = 255 + 1 + 128 };

#define ALPHANUM "[A-Za-z0-9]+"
#define SEPARATOR "([-._:@+]|--)"
#define COMPONENT ALPHANUM "(" SEPARATOR ALPHANUM ")*"
static const char ref[] = "^" COMPONENT "(/" COMPONENT ")*$";

int ref_name_check(const char *name, struct error *error)
{
    if (!name)
        return 0;
    if (strlen(name) > REF_NAME_MAX_LEN)
        return error_set(error, ERROR_USAGE,
                         "a tag in an image layout has at most %d characters, and this one has "
                         "%zu",
                         REF_NAME_MAX_LEN, strlen(name));
    if (!pattern_matches(ref, name))
        return error_set(error, ERROR_USAGE,
                         "a tag in an image layout is letters and digits, with one of "
                         "\"-._:@+/\" or \"--\" between them, and \"%s\" is not",
                         name);
    return 0;
}
