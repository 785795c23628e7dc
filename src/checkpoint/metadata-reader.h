// SPDX-License-Identifier: Apache-2.0
/* What says of an archive what it is, and no more: for lists. */
#ifndef CKPTOCI_CHECKPOINT_METADATA_READER_H
#define CKPTOCI_CHECKPOINT_METADATA_READER_H

#include <stdint.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "stream/source.h"

/*
 * Reads the archive until spec.dump, config.dump and checkpoint/inventory.img have been there, and
 * checks nothing else. `hops_within` as in struct walk_visitor. -1: ERROR_ARCHIVE, one of them is
 * missing or says nothing; or the source's own error.
 */
int metadata_read(struct checkpoint *checkpoint, struct source *tar, uint64_t hops_within,
                  struct error *error);

#endif
