// SPDX-License-Identifier: Apache-2.0
/* CRIU's images and its log. The first byte says which one the rest is to be read as; see
 * the table. */
#include <string.h>

#include "base/memory.h"
#include "criu/criu.h"
#include "criu/image.h"
#include "criu/names.h"
#include "criu/paths.h"
#include "fuzz.h"
#include "inspect/report.h"

static int fuzz_core(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_core core = {0};
    struct buffer head;
    int result = criu_core_parse(&core, data, size, error);

    buffer_init(&head, size);
    buffer_append(&head, data, size);
    criu_core_architecture(&head);
    buffer_done(&head);
    criu_core_done(&core);
    return result;
}

static int fuzz_pstree(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_pstree pstree = {0};
    int result = criu_pstree_parse(&pstree, data, size, error);

    fuzz_require(pstree.count <= size && pstree.tid_count <= size);
    for (size_t i = 0; i < pstree.count; i++)
        fuzz_require(pstree.entries[i].thread_count <=
                     pstree.tid_count - pstree.entries[i].first_thread);
    criu_pstree_done(&pstree);
    return result;
}

static int fuzz_mm(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_mm mm;

    return criu_mm_parse(&mm, data, size, error);
}

static int fuzz_ids(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_ids ids;

    return criu_ids_parse(&ids, data, size, error);
}

static int fuzz_fs(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_fs fs;

    return criu_fs_parse(&fs, data, size, error);
}

static int fuzz_fdinfo(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_fdinfo fdinfo = {0};
    int result = criu_fdinfo_parse(&fdinfo, data, size, error);

    fuzz_require(fdinfo.count <= size);
    criu_fdinfo_done(&fdinfo);
    return result;
}

static int fuzz_files(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_files files = {0};
    int result = criu_files_parse(&files, data, size, error);

    fuzz_require(files.count <= size);
    for (size_t i = 0; i < files.count; i++) {
        fuzz_require(criu_files_find(&files, files.files[i].id));
        fuzz_require(*report_file_type(files.files[i].type));
        fuzz_require(memchr(files.files[i].socket.source, '\0', CRIU_ADDRESS_SIZE));
        fuzz_require(memchr(files.files[i].socket.destination, '\0', CRIU_ADDRESS_SIZE));
    }
    criu_files_done(&files);
    return result;
}

/* What is found lies inside the pages image. */
static int fuzz_pagemap(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_pagemap pagemap = {0};
    int result = criu_pagemap_parse(&pagemap, data, size, error);

    fuzz_require(pagemap.count <= size);
    for (size_t i = 0; i < pagemap.count; i++) {
        const struct criu_page_run *run = &pagemap.runs[i];
        uint64_t image_size = pagemap.pages * 4096, offset, len;
        uint64_t page_size = criu_pagemap_page_size(&pagemap, image_size);

        if (page_size && criu_pagemap_find(&pagemap, page_size, run->vaddr, &offset, &len) == 0)
            fuzz_require(len > 0 && offset <= image_size && len <= image_size - offset);
    }
    criu_pagemap_done(&pagemap);
    return result;
}

static int fuzz_stats(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_stats stats;

    return criu_stats_parse(&stats, data, size, error);
}

static int fuzz_inventory(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_inventory inventory;

    return criu_inventory_parse(&inventory, data, size, error);
}

static int fuzz_deleted(const uint8_t *data, size_t size, struct error *error)
{
    struct criu_deleted deleted = {0};
    int result = criu_deleted_parse(&deleted, data, size, error);

    fuzz_require(deleted.count <= size);
    criu_deleted_done(&deleted);
    return result;
}

/* What is found climbs or names what it is. */
static int fuzz_reach(enum criu_kind kind, const uint8_t *data, size_t size, struct error *error)
{
    struct criu_reach reach = {0};
    int result = criu_reach_parse(&reach, kind, data, size, error);

    fuzz_require(criu_reach_knows(kind));
    fuzz_require(!reach.climbs || strstr(reach.climbs, " is \""));
    fuzz_require(result == 0 || (!reach.climbs && !reach.acts));
    criu_reach_done(&reach);
    return result;
}

static int fuzz_files_reach(const uint8_t *data, size_t size, struct error *error)
{
    return fuzz_reach(CRIU_KIND_FILES, data, size, error);
}

static int fuzz_reg_files(const uint8_t *data, size_t size, struct error *error)
{
    return fuzz_reach(CRIU_KIND_REG_FILES, data, size, error);
}

static int fuzz_mountpoints(const uint8_t *data, size_t size, struct error *error)
{
    return fuzz_reach(CRIU_KIND_MOUNTPOINTS, data, size, error);
}

static int fuzz_cgroup(const uint8_t *data, size_t size, struct error *error)
{
    return fuzz_reach(CRIU_KIND_CGROUP, data, size, error);
}

static int fuzz_ghost(const uint8_t *data, size_t size, struct error *error)
{
    return fuzz_reach(CRIU_KIND_GHOST_FILE, data, size, error);
}

static int fuzz_name(const uint8_t *data, size_t size, struct error *error)
{
    cleanup_free char *text = xstrndup((const char *)data, size);
    struct criu_name name = criu_name_parse(text);

    (void)error;
    fuzz_require(name.kind >= CRIU_KIND_CORE || name.kind <= CRIU_KIND_HOST || name.number == 0);
    return 0;
}

static int fuzz_log(const uint8_t *data, size_t size, struct error *error)
{
    cleanup_free char *version = NULL, *kernel = NULL;

    (void)error;
    criu_log_parse(data, size, &version, &kernel);
    fuzz_require(!version || strlen(version) <= size);
    fuzz_require(!kernel || strlen(kernel) <= size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const parsers['z' + 1])(const uint8_t *, size_t, struct error *) = {
        ['c'] = fuzz_core,      ['d'] = fuzz_fdinfo, ['f'] = fuzz_files,
        ['g'] = fuzz_ghost,     ['i'] = fuzz_ids,    ['k'] = fuzz_mountpoints,
        ['l'] = fuzz_log,       ['m'] = fuzz_mm,     ['n'] = fuzz_name,
        ['o'] = fuzz_pagemap,   ['p'] = fuzz_pstree, ['q'] = fuzz_files_reach,
        ['r'] = fuzz_deleted,   ['s'] = fuzz_stats,  ['u'] = fuzz_cgroup,
        ['v'] = fuzz_inventory, ['w'] = fuzz_fs,     ['x'] = fuzz_reg_files,
    };
    struct error error = {0};

    if (size == 0 || *data > 'z' || !parsers[*data])
        return 0;
    if (parsers[*data](data + 1, size - 1, &error) < 0) {
        fuzz_require_error(&error);
        fuzz_require(error.kind == ERROR_ARCHIVE);
    }
    return 0;
}
