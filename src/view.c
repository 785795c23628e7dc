// SPDX-License-Identifier: Apache-2.0
#include "view.h"

#include <stdio.h>

#include "base/json.h"
#include "base/memory.h"
#include "format.h"

bool view_list_line(struct view_list *list)
{
    if (list->shows_all || list->lines < VIEW_LIST_LINES) {
        list->lines++;
        return true;
    }
    list->omitted++;
    return false;
}

void view_list_end(const struct view_list *list)
{
    if (list->omitted)
        printf("  ... and %zu more; --all shows them\n", list->omitted);
}

uint64_t view_number(const json_t *object, const char *key)
{
    return (uint64_t)json_get_integer(object, key);
}

void view_print(const char *text)
{
    cleanup_free char *safe = format_text(text);

    fputs(safe, stdout);
}
