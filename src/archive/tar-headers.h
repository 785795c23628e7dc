// SPDX-License-Identifier: Apache-2.0
/*
 * A second, strict look at the headers of a tar as its bytes pass. Readers of tars forgive much and
 * differ in what they make of it; here an archive must have one meaning only: the one that Go's
 * archive/tar sees, whose rules this follows, and libarchive, whose members it is compared with. It
 * takes nothing out of the archive. Embedded in its owner; one thread.
 *
 *     tar_headers_pass(&headers, data, len)                   // every byte, before libarchive,
 *     tar_headers_hop(&headers, len)                          // or not even these
 *     tar_headers_match(&headers, offset, &member)            // each member, from libarchive
 *     tar_headers_fault(&headers)
 */
#ifndef CKPTOCI_ARCHIVE_TAR_HEADERS_H
#define CKPTOCI_ARCHIVE_TAR_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/finding.h"
#include "archive/member.h"
#include "archive/tar-block.h"
#include "archive/tar-override.h"
#include "archive/tar-sparse.h"
#include "base/memory.h"

/* What is wrong, the first time something is. From then on nothing is looked at any more. */
struct tar_fault {
    enum check check;
    uint64_t offset;  /* of the first header of the member */
    char member[256]; /* as the header has it, maybe cut */
    const char *what;
};

/* A member whose headers have passed, and that libarchive has not told of yet. */
struct tar_seen {
    uint64_t offset;  /* of the first of its headers */
    uint64_t content; /* where that begins; not known of one with holes */
    uint64_t size;    /* of the file */
    enum member_type type;
    unsigned permissions;
    unsigned device_major, device_minor;
    bool sparse;
    char *path, *link; /* as they are written; link NULL: it is none */
};

enum tar_state { TAR_HEADER, TAR_EXTENSION, TAR_SPARSE_MAP, TAR_SPARSE_TEXT, TAR_END, TAR_OFF };

struct tar_headers {
    enum tar_state state;
    uint64_t position;              /* of the next byte */
    uint64_t skip;                  /* bytes of content and padding to pass over */
    uint8_t block[TAR_BLOCK_BYTES]; /* of a header that comes in pieces */
    size_t block_len;

    /* The extended headers before a member. */
    uint64_t group_offset;
    bool in_group;
    struct tar_block extension; /* the one that is being read */
    uint64_t extension_left;    /* bytes of it still to come */
    struct buffer records;      /* its content */
    struct tar_override override;

    struct tar_sparse sparse; /* the map that is being read */
    char *sparse_name;        /* of that member, for a fault */

    struct tar_seen *seen; /* a ring */
    size_t seen_capacity, seen_first, seen_count;

    bool faulty;
    struct tar_fault fault;
};

void tar_headers_init(struct tar_headers *headers);
void tar_headers_done(struct tar_headers *headers);
void tar_headers_pass(struct tar_headers *headers, const uint8_t *data, size_t len);
/* Instead: libarchive has skipped the next `len` bytes unread, as content. */
void tar_headers_hop(struct tar_headers *headers, uint64_t len);
/* libarchive's next member, and where its first header is. It is a fault if another one was seen.
 * member->sparse is set. What is wrong farther on does not count yet: how far the bytes are ahead
 * of libarchive is chance. */
void tar_headers_match(struct tar_headers *headers, uint64_t offset, struct member *member);
/* Whether headers have passed that libarchive has not told of. */
bool tar_headers_are_ahead(const struct tar_headers *headers);
/* Whether the bytes end between a member's extended headers and its own. */
bool tar_headers_are_torn(const struct tar_headers *headers);
/* libarchive has no more members. */
void tar_headers_end(struct tar_headers *headers);
/* NULL: all is well. */
const struct tar_fault *tar_headers_fault(const struct tar_headers *headers);

#endif
