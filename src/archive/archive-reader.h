// SPDX-License-Identifier: Apache-2.0
/*
 * The members of a tar, one after the other, as it streams by:
 *
 *     while ((more = archive_reader_next(reader, &member, &error)) > 0)
 *         while (archive_reader_content(reader, &data, &len, &error) > 0) ...
 *     archive_reader_finish(reader, &error)
 *
 * One thread; memory for one member's header.
 */
#ifndef CKPTOCI_ARCHIVE_ARCHIVE_READER_H
#define CKPTOCI_ARCHIVE_ARCHIVE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/check.h"
#include "archive/member.h"
#include "archive/tar-headers.h"
#include "base/error.h"
#include "base/memory.h"
#include "stream/source.h"

struct archive_reader;

/* `tar` is borrowed; `container` too, for struct member. */
struct archive_reader *archive_reader_new(struct source *tar, const char *container);
void archive_reader_free(struct archive_reader *reader);
DEFINE_CLEANUP(struct archive_reader *, archive_reader_free);

/* To be called first. The source has `size` bytes and can go forward by source_seek(), as a file
 * can: long content that is not asked for is then not read. */
void archive_reader_may_hop(struct archive_reader *reader, uint64_t size);

/* 1: *member is the next one, the reader's; 0: that was the last one. -1: ERROR_ARCHIVE for what is
 * no tar or a damaged one, or the source's own error. */
int archive_reader_next(struct archive_reader *reader, const struct member **member,
                        struct error *error);

/* The next bytes of the member: 1, 0 at its end, -1. Of one with holes only what is stored. What is
 * not asked for is passed over by archive_reader_next(). */
int archive_reader_content(struct archive_reader *reader, const void **data, size_t *len,
                           struct error *error);

/* After the last member: takes the source to its end. -1: ERROR_ARCHIVE where the end-of-archive
 * mark is missing or followed by data, or the source's own error. */
int archive_reader_finish(struct archive_reader *reader, struct error *error);

/* Whether any of the above has returned -1: then nothing more is to be had. */
bool archive_reader_failed(const struct archive_reader *reader);
/* What that failure is found to be; CHECK_COUNT if it was the source's own. */
enum check archive_reader_fault(const struct archive_reader *reader);
/* What is odd about the headers up to the present member, or up to the end; NULL: nothing.
 * The members behind the first oddity are not looked at in this way. */
const struct tar_fault *archive_reader_oddity(const struct archive_reader *reader);
/* Bytes that have passed. */
uint64_t archive_reader_bytes(const struct archive_reader *reader);

#endif
