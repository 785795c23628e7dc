// SPDX-License-Identifier: Apache-2.0
/* What the sections of a report on standard output have in common. */
#ifndef CKPTOCI_VIEW_H
#define CKPTOCI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum {
    VIEW_LIST_LINES = 40,     /* of a list, without shows_all */
    VIEW_NAME_WIDTH_MAX = 40, /* of a column of names; longer ones push their line */
};

/* A list that ends after so many lines and then says how many there were. */
struct view_list {
    bool shows_all;
    size_t lines, omitted;
};

/* Whether one more line is to be printed. */
bool view_list_line(struct view_list *list);
void view_list_end(const struct view_list *list);

/* A member that is not negative; 0: it is missing or no integer. */
uint64_t view_number(const json_t *object, const char *key);

/* A text from outside, fit to be shown. */
void view_print(const char *text);

#endif
