// SPDX-License-Identifier: Apache-2.0
#include "watch/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NS_PER_S = 1000000000 };

bool retention_is_given(const struct retention *retention)
{
    return retention->count >= 0 || retention->age_s >= 0 || retention->size_bytes >= 0;
}

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_containers(const struct archive *a, const struct archive *b)
{
    int order = compare_texts(a->pod_namespace, b->pod_namespace);

    if (order == 0)
        order = compare_texts(a->pod, b->pod);
    return order ? order : compare_texts(a->container, b->container);
}

static int compare_ages(const struct archive *a, const struct archive *b)
{
    if (a->identity.mtime_ns != b->identity.mtime_ns)
        return a->identity.mtime_ns < b->identity.mtime_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* A container's archives together, the newest first. */
static int by_container(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    int order = compare_containers(left->archive, right->archive);

    return order ? order : compare_ages(right->archive, left->archive);
}

static int oldest_first(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;

    return compare_ages(left->archive, right->archive);
}

static void select_by_count(const struct retention *retention, struct candidate *all, size_t count)
{
    int64_t newer = 0;

    qsort(all, count, sizeof *all, by_container);
    for (size_t i = 0; i < count; i++) {
        newer =
            i > 0 && compare_containers(all[i - 1].archive, all[i].archive) == 0 ? newer + 1 : 0;
        if (newer >= retention->count)
            all[i].reason = "count";
    }
}

static void select_by_age(const struct retention *retention, struct candidate *all, size_t count,
                          int64_t now_s)
{
    for (size_t i = 0; i < count; i++)
        if (now_s - all[i].archive->identity.mtime_ns / NS_PER_S > retention->age_s)
            all[i].reason = "age";
}

static void select_by_size(const struct retention *retention, struct candidate *all, size_t count,
                           int64_t total)
{
    qsort(all, count, sizeof *all, oldest_first);
    for (size_t i = 0; i < count; i++)
        if (all[i].reason)
            total -= all[i].archive->identity.size;
    for (size_t i = 0; i < count && total > retention->size_bytes; i++) {
        if (all[i].reason)
            continue;
        all[i].reason = "size";
        total -= all[i].archive->identity.size;
    }
}

struct candidate *retention_select(const struct retention *retention,
                                   const struct archive_table *table, int64_t now_s, size_t *ret)
{
    struct candidate *all = xcalloc(table->count, sizeof *all);
    int64_t total = 0;
    size_t count = 0, selected = 0;

    for (size_t i = 0; i < table->count; i++) {
        struct archive *archive = table->archives[i];

        total += archive->identity.size;
        if (archive->state == ARCHIVE_PUSHED && !archive->is_kept && !archive->has_child)
            all[count++].archive = archive;
    }
    if (retention->count >= 0 && count > 0)
        select_by_count(retention, all, count);
    if (retention->age_s >= 0)
        select_by_age(retention, all, count, now_s);
    if (retention->size_bytes >= 0 && count > 0)
        select_by_size(retention, all, count, total);
    for (size_t i = 0; i < count; i++)
        if (all[i].reason)
            all[selected++] = all[i];
    *ret = selected;
    return all;
}
