// SPDX-License-Identifier: Apache-2.0
/* Text from outside, made fit to be shown: to a terminal, in a log, in JSON. */
#ifndef CKPTOCI_BASE_DISPLAY_H
#define CKPTOCI_BASE_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>

/* `text` as valid UTF-8 of at most `max` bytes, "..." where more was left off. What is no UTF-8 or
 * would act instead of being seen (controls, marks of direction, invisible characters) becomes
 * \xNN for each of its bytes. The caller's. */
char *display_text(const char *text, size_t max);

/* Whether display_text() would change it, its length apart. */
bool display_hides(const char *text);

#endif
