// SPDX-License-Identifier: Apache-2.0
/*
 * The encoded layer for one destination. It begins as a tap of the pipeline; once it has been told
 * to go back, it leaves the pipeline and makes the bytes again by itself, from the archive, from
 * the block that holds the offset to the end. The other taps do not notice.
 */
#ifndef CKPTOCI_STREAM_LAYER_SOURCE_H
#define CKPTOCI_STREAM_LAYER_SOURCE_H

#include "stream/pipeline.h"

/* Before pipeline_start(). The pipeline must outlive the source. source_seek() takes any offset up
 * to what has been encoded so far; it fails where the archive came from a pipe. */
struct source *layer_source_new(struct pipeline *pipeline);

#endif
