// SPDX-License-Identifier: Apache-2.0
/* The JSON in an archive: a part of checkpoint.c, which takes the facts from it. */
#ifndef CKPTOCI_CHECKPOINT_DOCUMENTS_H
#define CKPTOCI_CHECKPOINT_DOCUMENTS_H

#include "archive/finding.h"
#include "archive/walk.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"

/* Fills in the documents, and what is nested in them. As checkpoint_parse(), but *checkpoint is
 * written in either case. */
int documents_parse(struct checkpoint *checkpoint, const struct walk *walk, struct error *error);
/* Reports where engines would read other values than we do. 0, or -1: refused. */
int documents_check(const struct checkpoint *checkpoint, struct findings *findings,
                    struct error *error);
void documents_done(struct checkpoint *checkpoint);

#endif
