// SPDX-License-Identifier: Apache-2.0
/* The checks of what spec.dump and config.dump say. */
#ifndef CKPTOCI_CHECKPOINT_GATE_METADATA_H
#define CKPTOCI_CHECKPOINT_GATE_METADATA_H

#include "archive/finding.h"
#include "checkpoint/checkpoint.h"

/* 0, or -1: refused. */
int gate_check_metadata(struct findings *findings, const struct checkpoint *checkpoint,
                        struct error *error);

#endif
