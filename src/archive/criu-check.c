// SPDX-License-Identifier: Apache-2.0
#include "archive/criu-check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "criu/image.h"
#include "criu/names.h"
#include "criu/paths.h"

#define IMAGES "checkpoint/"

/* An image that has passed. */
struct criu_record {
    struct criu_name name;
    bool is_read;       /* what follows is known */
    uint64_t size;      /* of pages: bytes */
    bool is_alive;      /* of a core: a process that has memory */
    uint32_t mnt_ns_id; /* of ids, or of a core that has them; 0: not known */
    uint32_t pages_id;  /* of a page map */
    uint64_t pages;
    bool has_parent, has_lazy, is_unknown;
};

void criu_check_init(struct criu_check *check, struct findings *findings)
{
    *check = (struct criu_check){.findings = findings};
}

void criu_check_done(struct criu_check *check)
{
    criu_pstree_done(&check->pstree);
    criu_traits_done(&check->traits);
    free(check->records);
}

void criu_traits_done(struct criu_traits *traits)
{
    buffer_done(&traits->memory_mounts);
}

bool criu_traits_has_memory_mount(const struct criu_traits *traits, const char *path)
{
    const struct buffer *mounts = &traits->memory_mounts;

    for (size_t at = 0; at < mounts->len; at += strlen(mounts->data + at) + 1)
        if (strcmp(mounts->data + at, path) == 0)
            return true;
    return false;
}

/* The name of a file among CRIU's images; NULL: it is none. */
static const char *image_name(const struct member *member)
{
    size_t len = strlen(IMAGES);

    return !member->container && strncmp(member->path, IMAGES, len) == 0 ? member->path + len
                                                                         : NULL;
}

static void add_record(struct criu_check *check, const struct criu_record *record)
{
    if (check->record_count == CRIU_CHECK_RECORDS_MAX)
        return;
    check->records =
        xgrow(check->records, check->record_count, &check->record_capacity, sizeof *check->records);
    check->records[check->record_count++] = *record;
}

int criu_check_member(struct criu_check *check, const struct member *member, struct error *error)
{
    const char *image = image_name(member);
    struct criu_record record = {.size = member->size};

    if (!image)
        return 0;
    record.name = criu_name_parse(image);
    switch (record.name.kind) {
    case CRIU_KIND_NONE:
        return finding_report_member(check->findings, CHECK_CRIU_UNKNOWN_FILE, member, error,
                                     "neither CRIU nor an engine has files of that name");
    case CRIU_KIND_HOST:
        return finding_report_member(check->findings, CHECK_CRIU_HOST_ACTION, member, error,
                                     "no engine's checkpoint of a container has this image");
    case CRIU_KIND_PARENT:
        check->traits.has_parent = true;
        return 0;
    case CRIU_KIND_PAGES:
    case CRIU_KIND_FS:
        record.is_read = true;
        add_record(check, &record);
        return 0;
    default:
        return 0;
    }
}

/* How much of an image of that kind is looked at; 0: nothing. */
static size_t wanted_of(enum criu_kind kind)
{
    switch (kind) {
    case CRIU_KIND_PSTREE:
    case CRIU_KIND_PAGEMAP:
    case CRIU_KIND_SHMEM_PAGEMAP:
        return CRIU_IMAGE_MAX_BYTES;
    case CRIU_KIND_INVENTORY:
    case CRIU_KIND_CORE:
    case CRIU_KIND_IDS:
    case CRIU_KIND_MM:
        return CRIU_MESSAGE_MAX_BYTES;
    case CRIU_KIND_GHOST_FILE:
        return CRIU_CHECK_HEAD_BYTES;
    default:
        return criu_reach_knows(kind) ? CRIU_IMAGE_MAX_BYTES : 0;
    }
}

size_t criu_check_wants(const struct member *member)
{
    const char *image = image_name(member);

    return image ? wanted_of(criu_name_parse(image).kind) : 0;
}

static int take_inventory(struct criu_check *check, const struct buffer *content,
                          struct error *error)
{
    if (criu_inventory_parse(&check->inventory, content->data, content->len, error))
        return -1;
    if (check->inventory.image_version > CRIU_IMAGE_VERSION)
        check->traits.is_newer = true;
    return 0;
}

static int take_pstree(struct criu_check *check, const struct buffer *content, struct error *error)
{
    struct criu_pstree pstree;

    if (criu_pstree_parse(&pstree, content->data, content->len, error))
        return -1;
    criu_pstree_done(&check->pstree);
    check->pstree = pstree;
    return pstree.count ? 0 : error_set(error, ERROR_ARCHIVE, "it has no process");
}

static int take_core(struct criu_record *record, const struct buffer *content, struct error *error)
{
    struct criu_core core;

    if (criu_core_parse(&core, content->data, content->len, error))
        return -1;
    record->is_alive =
        core.is_process && core.state != CRIU_TASK_DEAD && core.state != CRIU_TASK_ZOMBIE;
    record->mnt_ns_id = core.ids.mnt_ns_id;
    criu_core_done(&core);
    return 0;
}

static int take_ids(struct criu_record *record, const struct buffer *content, struct error *error)
{
    struct criu_ids ids;

    if (criu_ids_parse(&ids, content->data, content->len, error))
        return -1;
    record->mnt_ns_id = ids.mnt_ns_id;
    return 0;
}

static int take_pagemap(struct criu_check *check, struct criu_record *record,
                        const struct buffer *content, struct error *error)
{
    struct criu_pagemap pagemap;

    if (criu_pagemap_parse(&pagemap, content->data, content->len, error))
        return -1;
    record->pages_id = pagemap.pages_id;
    record->pages = pagemap.pages;
    record->has_parent = pagemap.has_parent;
    record->has_lazy = pagemap.has_lazy;
    record->is_unknown = pagemap.is_unknown;
    check->traits.is_newer = check->traits.is_newer || pagemap.is_unknown;
    check->traits.has_wide_maps = check->traits.has_wide_maps || pagemap.is_wide;
    criu_pagemap_done(&pagemap);
    return 0;
}

static int take_mm(const struct buffer *content, struct error *error)
{
    struct criu_mm mm;

    return criu_mm_parse(&mm, content->data, content->len, error);
}

static int take_image(struct criu_check *check, struct criu_record *record,
                      const struct buffer *content, struct error *error)
{
    switch (record->name.kind) {
    case CRIU_KIND_INVENTORY:
        return take_inventory(check, content, error);
    case CRIU_KIND_PSTREE:
        return take_pstree(check, content, error);
    case CRIU_KIND_CORE:
        return take_core(record, content, error);
    case CRIU_KIND_IDS:
        return take_ids(record, content, error);
    case CRIU_KIND_MM:
        return take_mm(content, error);
    case CRIU_KIND_PAGEMAP:
    case CRIU_KIND_SHMEM_PAGEMAP:
        return take_pagemap(check, record, content, error);
    default:
        return 0;
    }
}

/* A file that was deleted while it was open, and is a device: CRIU makes it anew, as root. What is
 * in every container's /dev does no harm. */
static bool is_harmless_device(const struct criu_reach *reach)
{
    return reach->major == 1 && (reach->minor == 3 || reach->minor == 5 || reach->minor == 7 ||
                                 reach->minor == 8 || reach->minor == 9);
}

static int check_reach(struct criu_check *check, const struct member *member,
                       struct criu_reach *reach, struct error *error)
{
    /* All mounts of a container are in one image. */
    if (reach->memory_mounts.len) {
        buffer_done(&check->traits.memory_mounts);
        check->traits.memory_mounts = reach->memory_mounts;
        reach->memory_mounts = (struct buffer){0};
    }
    check->traits.has_cgroup_v1 = check->traits.has_cgroup_v1 || reach->has_cgroup_v1;
    check->traits.has_connections = check->traits.has_connections || reach->has_connections;
    if (reach->climbs && finding_report_member(check->findings, CHECK_CRIU_PATH, member, error,
                                               "%s, with a \"..\"", reach->climbs) < 0)
        return -1;
    if (reach->is_device && !is_harmless_device(reach) &&
        finding_report_member(check->findings, CHECK_DEVICE_NODE, member, error,
                              "CRIU makes a device of it, %u:%u", reach->major, reach->minor) < 0)
        return -1;
    return reach->acts ? finding_report_member(check->findings, CHECK_CRIU_HOST_ACTION, member,
                                               error, "%s", reach->acts)
                       : 0;
}

/* Whether the image is small enough to be parsed, alone and with those before it. */
static bool has_room(struct criu_check *check, const struct member *member, enum criu_kind kind,
                     size_t len)
{
    bool has_paths = criu_reach_knows(kind);
    size_t *bytes = has_paths ? &check->path_bytes : &check->other_bytes;
    size_t max = has_paths ? CRIU_CHECK_PATHS_MAX_BYTES : CRIU_CHECK_OTHERS_MAX_BYTES;

    if ((member->size > wanted_of(kind) && kind != CRIU_KIND_GHOST_FILE) || len > max - *bytes)
        return false;
    *bytes += len;
    return true;
}

/* What has no room goes unread, unless it has paths: of a process only whether its images are there
 * is told then. */
int criu_check_content(struct criu_check *check, const struct member *member,
                       const struct buffer *content, struct error *error)
{
    struct criu_record record = {.name = criu_name_parse(image_name(member))};
    enum criu_kind kind = record.name.kind;
    size_t wanted = wanted_of(kind), len = content->len < wanted ? content->len : wanted;
    bool fits = has_room(check, member, kind, len);
    cleanup(criu_reach_done) struct criu_reach reach = {0};
    struct error problem = {0};

    if (!fits)
        error_set(&problem, ERROR_ARCHIVE, "it is too large to be checked");
    else if (take_image(check, &record, content, &problem) == 0 &&
             criu_reach_parse(&reach, kind, content->data, len, &problem) == 0)
        record.is_read = true;
    add_record(check, &record);
    if (!record.is_read)
        return fits || criu_reach_knows(kind)
                   ? finding_report_member(check->findings, CHECK_CRIU_IMAGES, member, error, "%s",
                                           problem.text)
                   : 0;
    return check_reach(check, member, &reach, error);
}

/* Whether the images belong together. */

static int compare_records(const void *a, const void *b)
{
    const struct criu_name *left = &((const struct criu_record *)a)->name;
    const struct criu_name *right = &((const struct criu_record *)b)->name;

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

static const struct criu_record *find(const struct criu_check *check, enum criu_kind kind,
                                      uint64_t number)
{
    const struct criu_record key = {.name = {kind, number}};

    if (check->record_count == 0)
        return NULL;
    return bsearch(&key, check->records, check->record_count, sizeof key, compare_records);
}

/* Images of one kind that are missing: the first one is told. */
struct missing {
    size_t count;
    uint32_t first, process;
};

static void note_missing(struct missing *missing, uint32_t number, uint32_t process)
{
    if (missing->count++ == 0) {
        missing->first = number;
        missing->process = process;
    }
}

static int report_missing(struct criu_check *check, const struct missing *missing, const char *kind,
                          struct error *error)
{
    char path[64];

    if (missing->count == 0)
        return 0;
    snprintf(path, sizeof path, IMAGES "%s-%" PRIu32 ".img", kind, missing->first);
    if (missing->count > 1)
        return finding_report(check->findings, CHECK_CRIU_IMAGES, path, error,
                              "it is missing, of process %" PRIu32 ", and %zu more of its kind",
                              missing->process, missing->count - 1);
    return finding_report(check->findings, CHECK_CRIU_IMAGES, path, error,
                          "it is missing, of process %" PRIu32, missing->process);
}

static void miss_cores(const struct criu_check *check, const struct criu_pstree_entry *entry,
                       struct missing *missing)
{
    if (!find(check, CRIU_KIND_CORE, entry->pid))
        note_missing(missing, entry->pid, entry->pid);
    for (size_t i = 1; i < entry->thread_count; i++) {
        uint32_t tid = check->pstree.tids[entry->first_thread + i];

        if (!find(check, CRIU_KIND_CORE, tid))
            note_missing(missing, tid, entry->pid);
    }
}

/* Each thread has a core image; each living process what is listed here, and something open. */
static int check_processes(struct criu_check *check, struct error *error)
{
    static const struct {
        enum criu_kind kind;
        const char *name;
    } images[] = {{CRIU_KIND_IDS, "ids"},
                  {CRIU_KIND_FS, "fs"},
                  {CRIU_KIND_MM, "mm"},
                  {CRIU_KIND_PAGEMAP, "pagemap"}};
    enum { COUNT = sizeof images / sizeof *images };
    struct missing cores = {0}, missing[COUNT] = {{0}};
    bool is_any_alive = false;

    for (size_t i = 0; i < check->pstree.count; i++) {
        const struct criu_pstree_entry *entry = &check->pstree.entries[i];
        const struct criu_record *core = find(check, CRIU_KIND_CORE, entry->pid);

        miss_cores(check, entry, &cores);
        if (!core || !core->is_alive)
            continue;
        is_any_alive = true;
        for (int j = 0; j < COUNT; j++)
            if (!find(check, images[j].kind, entry->pid))
                note_missing(&missing[j], entry->pid, entry->pid);
    }
    if (report_missing(check, &cores, "core", error) < 0)
        return -1;
    for (int j = 0; j < COUNT; j++)
        if (report_missing(check, &missing[j], images[j].name, error) < 0)
            return -1;
    return is_any_alive && !find(check, CRIU_KIND_FILES, 0) && !find(check, CRIU_KIND_REG_FILES, 0)
               ? finding_report(check->findings, CHECK_CRIU_IMAGES, IMAGES "files.img", error,
                                "it is missing")
               : 0;
}

static int report_map(struct criu_check *check, const struct criu_record *map, const char *problem,
                      struct error *error)
{
    cleanup_free char *path =
        xasprintf(IMAGES "%s%" PRIu64 ".img",
                  map->name.kind == CRIU_KIND_PAGEMAP ? "pagemap-" : "pagemap-shmem-",
                  map->name.number);

    return finding_report(check->findings, CHECK_CRIU_IMAGES, path, error, "%s", problem);
}

/* A page has at least 4 KiB. */
static int check_map(struct criu_check *check, const struct criu_record *map, struct error *error)
{
    const struct criu_record *pages = find(check, CRIU_KIND_PAGES, map->pages_id);
    cleanup_free char *problem = NULL;

    if (map->pages > 0 && !pages)
        problem = xasprintf("pages-%" PRIu32 ".img is missing, which it tells of", map->pages_id);
    else if (map->pages > 0 && !map->is_unknown && pages->size / CRIU_PAGE_MIN_BYTES < map->pages)
        problem = xasprintf("it tells of %" PRIu64 " pages, and pages-%" PRIu32 ".img has %" PRIu64
                            " bytes",
                            map->pages, map->pages_id, pages->size);
    else if (map->has_parent && !check->traits.has_parent)
        problem = xstrdup("some of its pages are in an earlier checkpoint, and " IMAGES
                          "parent, the link to it, is missing");
    else if (map->has_lazy)
        problem = xstrdup("some of its pages were left to a page server");
    return problem ? report_map(check, map, problem, error) : 0;
}

/* CRIU restores a process that is in its own mount namespace where it is: then every path is one of
 * the host, without a ".." (criu/pstree.c, get_clone_mask; criu/files-reg.c, nomntns_create_ghost).
 */
static int check_namespace(struct criu_check *check, const struct criu_record *ids,
                           struct error *error)
{
    if (!check->inventory.has_root_ids || ids->mnt_ns_id != check->inventory.root_ids.mnt_ns_id)
        return 0;
    return finding_report(check->findings, CHECK_CRIU_PATH, IMAGES "inventory.img", error,
                          "process %" PRIu64 " is in the mount namespace of CRIU itself",
                          ids->name.number);
}

static int check_record(struct criu_check *check, const struct criu_record *record,
                        struct error *error)
{
    if (!record->is_read)
        return 0;
    switch (record->name.kind) {
    case CRIU_KIND_PAGEMAP:
    case CRIU_KIND_SHMEM_PAGEMAP:
        return check_map(check, record, error);
    case CRIU_KIND_CORE:
        return record->mnt_ns_id ? check_namespace(check, record, error) : 0;
    case CRIU_KIND_IDS:
        return check_namespace(check, record, error);
    default:
        return 0;
    }
}

int criu_check_finish(struct criu_check *check, struct error *error)
{
    if (check->record_count)
        qsort(check->records, check->record_count, sizeof *check->records, compare_records);
    if (!find(check, CRIU_KIND_PSTREE, 0) &&
        finding_report(check->findings, CHECK_CRIU_IMAGES, IMAGES "pstree.img", error,
                       "it is missing") < 0)
        return -1;
    if (check_processes(check, error))
        return -1;
    for (size_t i = 0; i < check->record_count; i++)
        if (check_record(check, &check->records[i], error) < 0)
            return -1;
    check->traits.has_connections = check->traits.has_connections && !check->inventory.closes_tcp;
    return 0;
}
