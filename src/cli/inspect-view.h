// SPDX-License-Identifier: Apache-2.0
/* The report of a checkpoint as text, for a person to read from top to bottom. */
#ifndef CKPTOCI_INSPECT_VIEW_H
#define CKPTOCI_INSPECT_VIEW_H

#include <stdbool.h>

#include <jansson.h>

/* To standard output. `report` is that of inspect/inspect.h; shows_all: long lists to their ends,
 * and what is of little use to most. */
void inspect_view_print(const json_t *report, bool shows_all);

#endif
