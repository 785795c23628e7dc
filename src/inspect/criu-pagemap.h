// SPDX-License-Identifier: Apache-2.0
/* CRIU's pagemap-<pid>.img: which part of pages-<id>.img holds which part of a process's memory. */
#ifndef CKPTOCI_INSPECT_CRIU_PAGEMAP_H
#define CKPTOCI_INSPECT_CRIU_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Pages in a row. */
struct criu_page_run {
    uint64_t vaddr;
    uint64_t pages;
    uint64_t pages_before; /* in the pages image */
};

struct criu_pagemap {
    uint32_t pages_id;
    struct criu_page_run *runs; /* only those whose bytes are in the pages image */
    size_t count;
    uint64_t pages; /* in all of them */
};

/* -1: ERROR_ARCHIVE, also for pages that are stored in a way that is not known here. */
int criu_pagemap_parse(struct criu_pagemap *pagemap, const void *bytes, size_t len,
                       struct error *error);
void criu_pagemap_done(struct criu_pagemap *pagemap);

/* Bytes of a page, from the size of the pages image: 0 where the two do not go together. */
uint64_t criu_pagemap_page_size(const struct criu_pagemap *pagemap, uint64_t image_size);

/* Where the byte at address `vaddr` is in the pages image. 0: at *offset, and *len > 0 bytes from
 * there on follow in the process too; -1: it is not there. */
int criu_pagemap_find(const struct criu_pagemap *pagemap, uint64_t page_size, uint64_t vaddr,
                      uint64_t *offset, uint64_t *len);

#endif
