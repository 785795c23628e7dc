// SPDX-License-Identifier: Apache-2.0
/* The verdict on what the walk has found in the tars, and only the documents can tell. */
#ifndef CKPTOCI_CHECKPOINT_JUDGE_H
#define CKPTOCI_CHECKPOINT_JUDGE_H

#include "archive/suspects.h"
#include "checkpoint/checkpoint.h"

/* Reports all suspects but those that the checkpoint's documents clear. NULL: there are none, and
 * nothing is cleared. 0, or -1: refused. */
int checkpoint_judge(const struct checkpoint *checkpoint, const struct suspects *suspects,
                     struct findings *findings, struct error *error);

#endif
