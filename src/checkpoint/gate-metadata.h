// SPDX-License-Identifier: Apache-2.0
/* The checks of what spec.dump and config.dump say. */
#ifndef CKPTOCI_CHECKPOINT_GATE_METADATA_H
#define CKPTOCI_CHECKPOINT_GATE_METADATA_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/finding.h"

/* 0, or -1: refused. */
int gate_check_metadata(struct findings *findings, const struct checkpoint *checkpoint,
                        struct error *error);

#endif
