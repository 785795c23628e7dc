// SPDX-License-Identifier: Apache-2.0
/* Text from outside: made fit to be shown on a terminal, in a log or in JSON, and checked against a
 * grammar. */
#ifndef CKPTOCI_BASE_TEXT_H
#define CKPTOCI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* `text` as valid UTF-8 of at most `max` bytes, with "..." where more was left off; free() it. Each
 * byte that is not UTF-8, or of a character that would act instead of being seen (controls, marks
 * of direction, invisible characters), becomes \xNN. */
char *display_text(const char *text, size_t max);
/* The same into `shown`, which has `size` bytes, at least 1: what does not fit is left off at a
 * whole character, without a mark. The two do not overlap. */
void display_fill(char *shown, size_t size, const char *text);

/* Whether display_text() would change the text in another way than by cutting it. */
bool display_hides(const char *text);

/* Whether a component of the path is "..". */
bool path_climbs(const char *path);

bool text_ends_with(const char *text, const char *end);
/* `list` ends with NULL. */
bool text_is_among(const char *text, const char *const *list);

/* Whether the text matches a POSIX extended regular expression. `pattern` is a constant with its
 * own ^ and $; one that does not compile ends the program. Bound the length of `text` before:
 * matching takes more than linear time. */
bool pattern_matches(const char *pattern, const char *text);

#endif
