// SPDX-License-Identifier: Apache-2.0
/*
 * The archive as it comes in: a file, or standard input. Read once from front to back by one
 * thread; a file can be read again from any offset through input_reopen(), which gives an input of
 * its own for another thread.
 */
#ifndef CKPTOCI_STREAM_INPUT_H
#define CKPTOCI_STREAM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "stream/codec.h"
#include "stream/source.h"

struct input;

/* `path` "-" is standard input; `cancel` ends a wait for data. A directory or an empty file is
 * ERROR_ARCHIVE; what cannot be opened is ERROR_FAILED. */
int input_open(struct input **input, const char *path, const struct cancel *cancel,
               struct error *error);
void input_free(struct input *input);
DEFINE_CLEANUP(struct input *, input_free);

/* The compression that the first bytes show; the name plays no part. */
enum compression input_compression(const struct input *input);
/* Bytes of the file, -1 where only the end will tell. */
int64_t input_size(const struct input *input);
/* The file's type and permissions when it was opened; 0 for what is no file. */
mode_t input_mode(const struct input *input);
/* Whether `path` names the very file that is read. */
bool input_is_at(const struct input *input, const char *path);

/* From here on *counter, which must outlive the input, is the number of bytes read so far, before
 * any decompression. */
void input_count_into(struct input *input, _Atomic int64_t *counter);

/* From here on input_read() gives the decompressed bytes. To be called before the first read. */
void input_decode(struct input *input);

/* Fills `buffer` with `len` bytes; fewer, in *got, only at the end. */
int input_read(struct input *input, void *buffer, size_t len, size_t *got, struct error *error);

/* Whether input_seek() is possible: it is a file, and not decompressed. */
bool input_can_seek(const struct input *input);
/* Makes byte `offset` the one that input_read() gives first. -1: it is behind the end. */
int input_seek(struct input *input, uint64_t offset, struct error *error);

/* After the end: -1, ERROR_ARCHIVE, where the file is not what it was when it was opened. */
int input_check_unchanged(const struct input *input, struct error *error);

/* The same at any time: whether the file is another one than when it was opened. */
bool input_has_changed(const struct input *input);

/* A second input over the same file, set to byte `offset` of what input_read() gives. -1 where the
 * input is no file. */
int input_reopen(const struct input *input, uint64_t offset, struct input **again,
                 struct error *error);

/* The whole of an input as a source, which owns it; `cancel` is borrowed and ends it. Can be sought
 * in, to any offset, if input_can_seek(). The end comes with input_check_unchanged(). */
struct source *input_source_new(struct input *input, const struct cancel *cancel);

#endif
