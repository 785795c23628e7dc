// SPDX-License-Identifier: Apache-2.0
#include "watch/archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NS_PER_S = 1000000000 };

static const char *const state_names[ARCHIVE_STATE_COUNT] = {
    [ARCHIVE_WAITING] = "waiting", [ARCHIVE_CONVERTING] = "converting", [ARCHIVE_PUSHED] = "pushed",
    [ARCHIVE_REFUSED] = "refused", [ARCHIVE_FAILED] = "failed",
};

/* Times that nanoseconds in 64 bits, and differences of them, have room for: from 1843 to 2262. */
#define MIN_MTIME_S (-4000000000)
#define MAX_MTIME_S (INT64_MAX / NS_PER_S - 1)

static int64_t mtime_ns_of(const struct stat *status)
{
    int64_t seconds = status->st_mtim.tv_sec;

    if (seconds < MIN_MTIME_S)
        seconds = MIN_MTIME_S;
    if (seconds > MAX_MTIME_S)
        seconds = MAX_MTIME_S;
    return seconds * NS_PER_S + status->st_mtim.tv_nsec;
}

struct archive_identity archive_identity_of(const struct stat *status)
{
    return (struct archive_identity){
        .inode = status->st_ino,
        .size = status->st_size,
        .mtime_ns = mtime_ns_of(status),
    };
}

bool archive_identity_equal(const struct archive_identity *a, const struct archive_identity *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

const char *archive_state_name(enum archive_state state)
{
    return state_names[state];
}

int archive_state_parse(enum archive_state *state, const char *name)
{
    for (int i = 0; i < ARCHIVE_STATE_COUNT; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *state = (enum archive_state)i;
            return 0;
        }
    }
    return -1;
}

void archive_set_text(char **text, const char *value)
{
    char *copy = value ? xstrdup(value) : NULL;

    free(*text);
    *text = copy;
}

static void archive_free(struct archive *archive)
{
    free(archive->name);
    free(archive->pod_namespace);
    free(archive->pod);
    free(archive->container);
    free(archive->reference);
    free(archive->digest);
    free(archive->error_text);
    free(archive);
}

/* The first whose name is not before `name`. */
static size_t position_of(const struct archive_table *table, const char *name)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(table->archives[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct archive_table *table, size_t position, const char *name)
{
    return position < table->count && strcmp(table->archives[position]->name, name) == 0;
}

struct archive *archive_table_find(const struct archive_table *table, const char *name)
{
    size_t position = position_of(table, name);

    return is_at(table, position, name) ? table->archives[position] : NULL;
}

int archive_table_add(struct archive_table *table, const char *name, struct archive **archive,
                      struct error *error)
{
    size_t position = position_of(table, name);

    if (!is_at(table, position, name)) {
        struct archive *added = NEW(struct archive);

        if (table->count == WATCH_MAX_ARCHIVES) {
            free(added);
            return error_set(error, ERROR_FAILED, "there are more than %d archives",
                             WATCH_MAX_ARCHIVES);
        }
        added->name = xstrdup(name);
        table->archives =
            xgrow(table->archives, table->count, &table->capacity, sizeof *table->archives);
        memmove(table->archives + position + 1, table->archives + position,
                (table->count - position) * sizeof *table->archives);
        table->archives[position] = added;
        table->count++;
    }
    *archive = table->archives[position];
    return 0;
}

void archive_table_remove(struct archive_table *table, struct archive *archive)
{
    size_t position = position_of(table, archive->name);

    table->count--;
    memmove(table->archives + position, table->archives + position + 1,
            (table->count - position) * sizeof *table->archives);
    archive_free(archive);
}

size_t archive_table_count(const struct archive_table *table, enum archive_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++)
        count += table->archives[i]->state == state;
    return count;
}

void archive_table_done(struct archive_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        archive_free(table->archives[i]);
    free(table->archives);
    *table = (struct archive_table){0};
}
