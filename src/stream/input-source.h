// SPDX-License-Identifier: Apache-2.0
/* The whole of an input as a source. At the end it makes sure that the file is still what it was.
 */
#ifndef CKPTOCI_STREAM_INPUT_SOURCE_H
#define CKPTOCI_STREAM_INPUT_SOURCE_H

#include "base/cancel.h"
#include "stream/input.h"
#include "stream/source.h"

/* Can be sought in, to any offset, if the input can: input_can_seek(). Owns `input`; `cancel` is
 * borrowed and ends it. */
struct source *input_source_new(struct input *input, const struct cancel *cancel);

#endif
