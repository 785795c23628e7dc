// SPDX-License-Identifier: Apache-2.0
/* Which of the words that would be right somebody has meant who wrote another one. Pure. */
#ifndef CKPTOCI_BASE_NEAREST_H
#define CKPTOCI_BASE_NEAREST_H

#include <stddef.h>

#include "base/error.h"

/* How many letters have to be put in, left out, exchanged or swapped with their neighbour to make
 * one word of the other, whatever their case; of the first 128 bytes. 0 also where `right` begins
 * with `word`. */
size_t nearest_distance(const char *word, const char *right);

/* The first of the nearest words in the list, which ends with NULL; NULL: none is near. */
const char *nearest_find(const char *word, const char *const *list);

/* Advises to write that one, `prefix` in front of it; nothing where there is none. -1. */
int nearest_advise(struct error *error, const char *word, const char *const *list,
                   const char *prefix);

#endif
