// SPDX-License-Identifier: Apache-2.0
/* How the commands show what they have: format_*() make new strings, for free(); view_*() print. */
#ifndef CKPTOCI_VIEW_H
#define CKPTOCI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "archive/finding.h"
#include "base/error.h"

/* All of a text from outside, fit to be shown; NULL gives an empty string. */
char *format_text(const char *text);
/* An array of strings as a command that a POSIX shell splits into the same strings: with quotes
 * where they are needed. Control characters stay as they are, so show it through format_text(); but
 * a shell does not read the \xNN that this makes of them. */
char *format_arguments(const json_t *arguments);
/* "81.7 KiB" */
char *format_bytes(uint64_t bytes);
/* Of a length of time in microseconds: "142.35 ms" */
char *format_us(uint64_t us);

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

/* A text from outside, made fit to be shown, to standard output. */
void view_print(const char *text);

/* The same of a line: its end comes behind it. */
void view_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The warnings among the findings, a line each on stderr: "ckptoci: warning: CHECK: MEMBER: ...
 * (of ARCHIVE)". NULL: there is no name for the archive. */
void view_warnings(const struct findings *findings, const char *archive);

/* Adds to the error that an archive was refused which --allow would let it pass, if one would. */
void view_advise(const struct findings *findings, struct error *error);

#endif
