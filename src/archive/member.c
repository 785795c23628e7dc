// SPDX-License-Identifier: Apache-2.0
#include "archive/member.h"

#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

char *member_path_clean(const char *raw)
{
    char *clean = xcalloc(strlen(raw) + 2, 1), *end = clean;

    if (*raw == '/')
        *end++ = '/';
    for (const char *at = raw; *at;) {
        size_t len = strcspn(at, "/");

        if (len > 0 && !(len == 1 && *at == '.')) {
            if (end > clean && end[-1] != '/')
                *end++ = '/';
            memcpy(end, at, len);
            end += len;
        }
        at += len + (at[len] == '/');
    }
    if (end == clean && *raw)
        *clean = '.';
    return clean;
}

bool member_path_climbs(const char *path)
{
    return path_climbs(path);
}

bool member_path_is_too_long(const char *path)
{
    if (strnlen(path, PATH_MAX + 1) > PATH_MAX)
        return true;
    for (const char *at = path; *at; at += *at == '/') {
        size_t len = strcspn(at, "/");

        if (len > NAME_MAX)
            return true;
        at += len;
    }
    return false;
}
