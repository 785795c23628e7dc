// SPDX-License-Identifier: Apache-2.0
/*
 * A second, strict look at the headers of a tar as its bytes pass. Readers of tars forgive much and
 * differ in what they make of it; here an archive must have one meaning only, and that must be the
 * one that libarchive sees. It takes nothing out of the archive. Embedded in its owner; one thread.
 *
 *     tar_headers_pass(&headers, data, len)                   // every byte, before libarchive,
 *     tar_headers_hop(&headers, len)                          // or not even these
 *     tar_headers_match(&headers, offset, size, &sparse)      // each member, from libarchive
 *     tar_headers_fault(&headers)
 */
#ifndef CKPTOCI_ARCHIVE_TAR_HEADERS_H
#define CKPTOCI_ARCHIVE_TAR_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/check.h"
#include "base/file.h"
#include "base/memory.h"

enum {
    TAR_OVERRIDE_MAX_BYTES = 64 << 10, /* of a PAX or GNU header; real ones are below 8 KiB */
};

/* What is wrong, the first time something is. From then on nothing is looked at any more. */
struct tar_fault {
    enum check check;
    uint64_t offset;  /* of the first header of the member */
    char member[256]; /* as the header has it, maybe cut */
    const char *what;
};

/* A member whose header has passed, and that libarchive has not told of yet. */
struct tar_seen {
    uint64_t offset; /* of the first of its headers */
    uint64_t size;   /* bytes of content that are stored */
    bool sparse;
};

enum tar_state { TAR_HEADER, TAR_EXTENSION, TAR_SPARSE_MAP, TAR_END, TAR_OFF };

struct tar_headers {
    enum tar_state state;
    uint64_t position;              /* of the next byte */
    uint64_t skip;                  /* bytes of content and padding to pass over */
    uint8_t block[TAR_BLOCK_BYTES]; /* of a header that comes in pieces */
    size_t block_len;

    /* The extended headers before a member. */
    uint64_t group_offset;
    bool in_group;
    char extension; /* the type of the one that is being read */
    char extension_name[260];
    uint64_t extension_left;  /* bytes of it still to come */
    struct buffer records;    /* its content */
    struct buffer path, link; /* what they put in place of the member's own */
    bool has_path, has_link, has_size, has_pax, is_sparse;
    uint64_t size;

    struct tar_seen *seen; /* a ring */
    size_t seen_capacity, seen_first, seen_count;

    bool faulty;
    struct tar_fault fault;
};

void tar_headers_init(struct tar_headers *headers);
void tar_headers_done(struct tar_headers *headers);
void tar_headers_pass(struct tar_headers *headers, const uint8_t *data, size_t len);
/* In place of passing `len` bytes, which libarchive takes for content. */
void tar_headers_hop(struct tar_headers *headers, uint64_t len);
/* libarchive's next member: where its first header is, and how much content is stored. It is a
 * fault if another one was seen. *sparse: it has holes. What is wrong farther on does not matter to
 * it: how far the bytes have passed already is chance. */
void tar_headers_match(struct tar_headers *headers, uint64_t offset, uint64_t size, bool *sparse);
/* Whether headers have passed that libarchive has not told of. */
bool tar_headers_are_ahead(const struct tar_headers *headers);
/* Whether the bytes end between a member's extended headers and its own. */
bool tar_headers_are_torn(const struct tar_headers *headers);
/* libarchive has no more members. */
void tar_headers_end(struct tar_headers *headers);
/* NULL: all is well. */
const struct tar_fault *tar_headers_fault(const struct tar_headers *headers);

#endif
