// SPDX-License-Identifier: Apache-2.0
#include "archive/suspects.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { MEMBER_MAX_BYTES = 2 * FINDING_NAME_MAX_BYTES };

static char *member_name(const struct member *member)
{
    cleanup_free char *name = xasprintf("%s%s%s", member->container ? member->container : "",
                                        member->container ? ":" : "", member->path);

    return xstrndup(name, MEMBER_MAX_BYTES);
}

void suspects_add(struct suspects *suspects, enum suspicion why, const struct member *member,
                  const char *path, const char *detail, ...)
{
    size_t max = why == SUSPECT_DEVICE ? SUSPECTS_MAX_DEVICES : FINDINGS_MAX_KEPT;
    char text[FINDING_DETAIL_MAX_BYTES + 1];
    struct suspect *suspect;
    va_list args;

    if (suspects->counts[why]++ >= max)
        return;
    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    suspects->list =
        xgrow(suspects->list, suspects->count, &suspects->capacity, sizeof *suspects->list);
    suspect = &suspects->list[suspects->count++];
    *suspect = (struct suspect){.why = why,
                                .member = member_name(member),
                                .detail = xstrdup(text),
                                .is_block = member->type == MEMBER_BLOCK_DEVICE,
                                .major = member->device_major,
                                .minor = member->device_minor};
    if (path && strlen(path) <= SUSPECT_PATH_MAX_BYTES)
        suspect->path = xstrdup(path);
}

void suspects_done(struct suspects *suspects)
{
    for (size_t i = 0; i < suspects->count; i++) {
        free(suspects->list[i].member);
        free(suspects->list[i].detail);
        free(suspects->list[i].path);
    }
    free(suspects->list);
    *suspects = (struct suspects){0};
}
