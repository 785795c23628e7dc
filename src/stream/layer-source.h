// SPDX-License-Identifier: Apache-2.0
/*
 * The encoded layer for one destination. It begins as a tap of the pipeline; once it has been told
 * to go back, it leaves the pipeline and makes the bytes again by itself, from the archive, from
 * the block that holds the offset to the end. The other taps do not notice.
 *
 * An archive that comes through a pipe cannot be read again. The last bytes that were given are
 * kept instead, in a window of fixed size, and going back is possible as far as it reaches.
 */
#ifndef CKPTOCI_STREAM_LAYER_SOURCE_H
#define CKPTOCI_STREAM_LAYER_SOURCE_H

#include "stream/pipeline.h"

/* Before pipeline_start(). The pipeline must outlive the source. source_seek() takes any offset up
 * to what has been given so far, of a pipe's only what is in the last `window_bytes` of that. */
struct source *layer_source_new(struct pipeline *pipeline, size_t window_bytes);

#endif
