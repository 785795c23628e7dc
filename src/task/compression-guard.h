// SPDX-License-Identifier: Apache-2.0
/* The bytes of another source, which must begin as those of one compression do. */
#ifndef CKPTOCI_TASK_COMPRESSION_GUARD_H
#define CKPTOCI_TASK_COMPRESSION_GUARD_H

#include "stream/codec.h"
#include "stream/source.h"

/* Owns `inner`. ERROR_ARCHIVE where the first bytes show another compression. */
struct source *compression_guard_new(struct source *inner, enum compression compression);

#endif
