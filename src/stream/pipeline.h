// SPDX-License-Identifier: Apache-2.0
/*
 * One read of the archive for everybody who needs its bytes.
 *
 *                        +-- raw tap ------> walk and hash the archive
 *     input --> blocks --+
 *                        +-- workers --> encoded blocks --+-- tap --> hash the layer
 *                                                         +-- tap --> destination 1
 *                                                         +-- tap --> destination 2 ...
 *
 * A reader thread fills a ring of fixed blocks; workers encode any block that is filled; a tap gets
 * the blocks in their order, each tap at its own pace. A place in the ring is filled anew when all
 * taps have passed it, so the slowest one sets the speed and the ring's size bounds the memory.
 * With the codec "none" there are no workers and the encoded blocks are the raw ones.
 *
 * One mutex and one condition guard all of it. The first failure, wherever it is, stops everything:
 * every wait ends and every tap returns that error.
 */
#ifndef CKPTOCI_STREAM_PIPELINE_H
#define CKPTOCI_STREAM_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "stream/blocks.h"
#include "stream/codec.h"
#include "stream/input.h"
#include "stream/source.h"

enum {
    PIPELINE_BLOCK_SIZE = 1 << 20, /* bytes of input; part of the format: never changes */
    PIPELINE_MAX_WORKERS = 64,
};

struct pipeline;

struct pipeline_options {
    struct input *input; /* borrowed */
    const struct codec *codec;
    int level;
    bool adapts;               /* the level to those who take, if the codec has a ladder */
    unsigned workers;          /* 1 to PIPELINE_MAX_WORKERS */
    struct cancel *cancel;     /* borrowed; stops the pipeline */
    struct progress *progress; /* borrowed; bytes_read is counted */
};

struct pipeline *pipeline_new(const struct pipeline_options *options);
/* Stops and joins what still runs. All taps must have been freed or be used no more. */
void pipeline_free(struct pipeline *pipeline);
DEFINE_CLEANUP(struct pipeline *, pipeline_free);

/* Before pipeline_start(). The tap belongs to the caller, who uses and frees it in one thread. A
 * tap that is freed holds up the others no longer. */
struct source *pipeline_raw_tap(struct pipeline *pipeline);
struct source *pipeline_encoded_tap(struct pipeline *pipeline);

void pipeline_start(struct pipeline *pipeline);
/* From any thread: every tap returns `error` from now on. False: another failure came first, and
 * they return that one. */
bool pipeline_stop(struct pipeline *pipeline, const struct error *error);
/* Waits until the input has been read to its end and encoded. -1: the first failure. */
int pipeline_finish(struct pipeline *pipeline, struct error *error);

/* The last block, of those with bytes that are encoded so far, that begins at or before `offset`.
 * Any thread. */
struct block_place pipeline_locate(struct pipeline *pipeline, uint64_t offset);

/* What that block is, or will be, encoded with. Any thread. */
int pipeline_level(struct pipeline *pipeline, uint64_t block);

const struct pipeline_options *pipeline_get_options(const struct pipeline *pipeline);

#endif
