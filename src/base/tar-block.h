// SPDX-License-Identifier: Apache-2.0
/* The blocks that a tar file consists of. */
#ifndef CKPTOCI_BASE_TAR_BLOCK_H
#define CKPTOCI_BASE_TAR_BLOCK_H

#include <stdint.h>

enum { TAR_BLOCK_BYTES = 512 };

/* What a member of this size takes, its header apart. */
static inline uint64_t tar_padded(uint64_t size)
{
    return (size + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
}

#endif
