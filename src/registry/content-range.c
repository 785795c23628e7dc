// SPDX-License-Identifier: Apache-2.0
#include "registry/content-range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { HEADER_MAX_LEN = 100 };

static bool is_for(const char *header, uint64_t start, uint64_t size)
{
    char *end;

    if (strlen(header) > HEADER_MAX_LEN ||
        !pattern_matches("^bytes [0-9]{1,19}-[0-9]{1,19}/([0-9]{1,19}|\\*)$", header))
        return false;
    if (strtoull(header + strlen("bytes "), &end, 10) != start)
        return false;
    end = strchr(end, '/') + 1;
    return *end == '*' || strtoull(end, NULL, 10) == size;
}

int content_range_check(const char *header, uint64_t start, uint64_t size, struct error *error)
{
    if (header && is_for(header, start, size))
        return 0;
    return error_set(error, ERROR_FAILED,
                     "the registry was asked for the bytes from %" PRIu64 " on of %" PRIu64
                     ", and its answer is for \"%.100s\"",
                     start, size, header ? header : "");
}

int64_t content_range_kept(const char *header)
{
    if (!header || strlen(header) > HEADER_MAX_LEN ||
        !pattern_matches("^(bytes=)?0-[0-9]{1,18}$", header))
        return -1;
    return strtoll(strchr(header, '-') + 1, NULL, 10);
}
