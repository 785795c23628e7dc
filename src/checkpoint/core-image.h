// SPDX-License-Identifier: Apache-2.0
/* The head of a CRIU core image, checkpoint/core-<pid>.img. */
#ifndef CKPTOCI_CHECKPOINT_CORE_IMAGE_H
#define CKPTOCI_CHECKPOINT_CORE_IMAGE_H

#include "base/memory.h"

/* The machine the process ran on, as Go names it (amd64, arm64 ...); NULL where the bytes are no
 * core image or name a machine without an OCI architecture. */
const char *core_image_architecture(const struct buffer *head);

#endif
