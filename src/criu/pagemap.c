// SPDX-License-Identifier: Apache-2.0
/* Page maps. */
#include <stdlib.h>

#include "base/memory.h"
#include "criu/criu.h"
#include "criu/criu.pb-c.h"
#include "criu/unpack.h"

/* Of pagemap_entry's flags; without flags, all that is not in_parent is present. */
enum {
    FLAG_PARENT = 1 << 0,
    FLAG_LAZY = 1 << 1,
    FLAG_PRESENT = 1 << 2,
    FLAGS_KNOWN = FLAG_PARENT | FLAG_LAZY | FLAG_PRESENT,
};

enum {
    PAGES_MAX_LOG2 = 40, /* 4 PiB of the smallest pages: sums and products stay exact */
    PAGE_SIZE_MAX = 65536,
};

static uint32_t flags_of(const Criu__PagemapEntry *entry)
{
    if (entry->has_in_parent && entry->in_parent)
        return FLAG_PARENT;
    return entry->has_flags ? entry->flags : FLAG_PRESENT;
}

static int add_run(struct criu_pagemap *pagemap, uint64_t vaddr, uint64_t pages,
                   struct error *error)
{
    struct criu_page_run *runs;
    struct error ignored;

    if (pages > (1ULL << PAGES_MAX_LOG2) - pagemap->pages)
        return error_set(error, ERROR_ARCHIVE, "it tells of more memory than any process has");
    pagemap->pages += pages;
    if (pagemap->is_cut)
        return 0;
    if (pagemap->count && vaddr <= pagemap->runs[pagemap->count - 1].vaddr)
        return error_set(error, ERROR_ARCHIVE, "its addresses are not in order");
    runs = criu_grow(pagemap->runs, pagemap->count, &pagemap->capacity, sizeof *runs, &ignored);
    if (!runs) {
        pagemap->is_cut = true;
        return 0;
    }
    pagemap->runs = runs;
    runs[pagemap->count++] = (struct criu_page_run){vaddr, pages, pagemap->pages - pages};
    return 0;
}

/* Newer CRIU can compress pages, which fields and flags say that are not ours. */
static int take_entry(struct criu_pagemap *pagemap, const Criu__PagemapEntry *entry,
                      struct error *error)
{
    uint64_t pages = entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;
    uint32_t flags = flags_of(entry);

    if (entry->has_nr_pages && entry->nr_pages != entry->compat_nr_pages)
        pagemap->is_wide = true;
    if (entry->base.n_unknown_fields || (flags & ~(uint32_t)FLAGS_KNOWN))
        pagemap->is_unknown = true;
    if (flags & FLAG_PRESENT)
        return add_run(pagemap, entry->vaddr, pages, error);
    if (flags & FLAG_PARENT)
        pagemap->has_parent = true;
    else if (flags & FLAG_LAZY)
        pagemap->has_lazy = true;
    return 0;
}

static int parse_head(struct criu_image *image, struct criu_pagemap *pagemap, struct error *error)
{
    const uint8_t *message;
    size_t len;
    Criu__PagemapHead *head;
    int more = criu_image_next(image, &message, &len, error);

    if (more < 0)
        return -1;
    head = more ? criu__pagemap_head__unpack(NULL, len, message) : NULL;
    if (!head)
        return criu_image_damaged(error);
    pagemap->pages_id = head->pages_id;
    criu__pagemap_head__free_unpacked(head, NULL);
    return 0;
}

static int parse_entry(struct criu_pagemap *pagemap, const uint8_t *message, size_t len,
                       struct error *error)
{
    Criu__PagemapEntry *entry = criu__pagemap_entry__unpack(NULL, len, message);
    int result;

    if (!entry)
        return criu_image_damaged(error);
    result = take_entry(pagemap, entry, error);
    criu__pagemap_entry__free_unpacked(entry, NULL);
    return result;
}

int criu_pagemap_parse(struct criu_pagemap *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_pagemap_done) struct criu_pagemap pagemap = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_PAGEMAP, bytes, len, error) ||
        parse_head(&image, &pagemap, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0)
        if (parse_entry(&pagemap, message, message_len, error))
            return -1;
    if (more < 0)
        return -1;
    *ret = pagemap;
    pagemap = (struct criu_pagemap){0};
    return 0;
}

void criu_pagemap_done(struct criu_pagemap *pagemap)
{
    free(pagemap->runs);
}

uint64_t criu_pagemap_page_size(const struct criu_pagemap *pagemap, uint64_t image_size)
{
    for (uint64_t size = CRIU_PAGE_MIN_BYTES; size <= PAGE_SIZE_MAX && !pagemap->is_unknown;
         size *= 2)
        if (pagemap->pages > 0 && pagemap->pages * size == image_size)
            return size;
    return 0;
}

int criu_pagemap_find(const struct criu_pagemap *pagemap, uint64_t page_size, uint64_t vaddr,
                      uint64_t *offset, uint64_t *len)
{
    size_t low = 0, high = pagemap->count;
    const struct criu_page_run *run;

    /* The last run that does not begin behind the address. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pagemap->runs[middle].vaddr <= vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return -1;
    run = &pagemap->runs[low - 1];
    if (vaddr - run->vaddr >= run->pages * page_size)
        return -1;
    *offset = run->pages_before * page_size + (vaddr - run->vaddr);
    *len = run->pages * page_size - (vaddr - run->vaddr);
    return 0;
}
