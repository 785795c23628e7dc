// SPDX-License-Identifier: Apache-2.0
#include "inspect/snapshot.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/inner-tar.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "criu/image.h"

#define IMAGES "checkpoint/"

enum { STRETCH_GAP_MAX_BYTES = 1 << 20 };

static const struct {
    const char *path;
    size_t max; /* bytes */
    bool whole; /* else its first bytes will do */
} kept[SNAPSHOT_MEMBER_COUNT] = {
    [SNAPSHOT_STATS] = {"stats-dump", SNAPSHOT_SMALL_MAX_BYTES, true},
    [SNAPSHOT_LOG] = {"dump.log", SNAPSHOT_LOG_HEAD_BYTES, false},
    [SNAPSHOT_DELETED] = {"deleted.files", SNAPSHOT_SMALL_MAX_BYTES, true},
    [SNAPSHOT_INVENTORY] = {IMAGES "inventory.img", SNAPSHOT_SMALL_MAX_BYTES, true},
};

void snapshot_note(struct snapshot *snapshot, const char *format, ...)
{
    struct error text = {0};
    char line[1024];
    va_list args;

    if (json_array_size(snapshot->notes) >= SNAPSHOT_NOTES_MAX)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    error_set(&text, ERROR_ARCHIVE, "%s", line); /* cleans it */
    json_array_append_new(snapshot->notes, utf8_string(text.text, strlen(text.text)));
}

/* SNAPSHOT_MEMBER_COUNT: it is none of them. */
static enum snapshot_member find_kept(const struct member *member)
{
    int i = 0;

    while (i < SNAPSHOT_MEMBER_COUNT &&
           (member->container || strcmp(member->path, kept[i].path) != 0))
        i++;
    return i;
}

/* The name of one of CRIU's images; NULL: it is none. */
static const char *image_name(const struct member *member)
{
    size_t len = strlen(IMAGES);

    return !member->container && strncmp(member->path, IMAGES, len) == 0 ? member->path + len
                                                                         : NULL;
}

static bool pages_id(const struct member *member, uint32_t *id)
{
    const char *name = image_name(member);
    char end;

    return name && member->type == MEMBER_FILE && !member->sparse &&
           sscanf(name, "pages-%9" SCNu32 ".im%c", id, &end) == 2 &&
           fnmatch("pages-*.img", name, 0) == 0;
}

static void note_pages(struct snapshot *snapshot, const struct member *member)
{
    struct snapshot_pages pages = {.offset = member->offset, .size = member->size};

    if (!snapshot->hops || !pages_id(member, &pages.id) || snapshot->pages_count == PROCESSES_MAX)
        return;
    if (snapshot->pages_count == snapshot->pages_capacity) {
        snapshot->pages_capacity = snapshot->pages_capacity ? 2 * snapshot->pages_capacity : 16;
        snapshot->pages =
            xreallocarray(snapshot->pages, snapshot->pages_capacity, sizeof *snapshot->pages);
    }
    snapshot->pages[snapshot->pages_count++] = pages;
}

static void count_sizes(struct snapshot *snapshot, const struct member *member)
{
    const char *name = image_name(member);

    if (name) {
        snapshot->sizes.checkpoint += member->size;
        if (strncmp(name, "pages-", 6) == 0)
            snapshot->sizes.memory_pages += member->size;
        else if (strncmp(name, "amdgpu-pages-", 13) == 0)
            snapshot->sizes.gpu_pages += member->size;
    } else if (inner_tar_kind(member->path) == INNER_TAR_ROOTFS) {
        snapshot->sizes.rootfs_diff += member->size;
    }
}

static const char *type_name(enum member_type type)
{
    static const char *const names[] = {
        [MEMBER_FILE] = "file",
        [MEMBER_DIRECTORY] = "directory",
        [MEMBER_SYMLINK] = "symlink",
        [MEMBER_HARD_LINK] = "hard link",
        [MEMBER_CHARACTER_DEVICE] = "device",
        [MEMBER_BLOCK_DEVICE] = "device",
        [MEMBER_FIFO] = "fifo",
        [MEMBER_OTHER] = "other",
    };

    return names[type];
}

void snapshot_add_change(struct snapshot *snapshot, const char *path, size_t len, const char *type,
                         const char *change, uint64_t size)
{
    json_t *entry;

    if (json_array_size(snapshot->changes) >= SNAPSHOT_CHANGES_MAX ||
        len > SNAPSHOT_CHANGES_MAX_BYTES - snapshot->changes_bytes) {
        snapshot->changes_omitted++;
        return;
    }
    snapshot->changes_bytes += len;
    entry = json_pack("{s:s, s:o}", "change", change, "path", utf8_string(path, len));
    json_set_text(entry, "type", type);
    if (type && strcmp(type, "file") == 0)
        json_object_set_new(entry, "size", json_integer((json_int_t)size));
    json_array_append_new(snapshot->changes, entry);
}

/* A deleted file is a device 0/0, or an empty file whose name begins with ".wh."; one whole name of
 * that kind says that the directory has lost all that was in it (image-spec, "Whiteouts"). */
static void note_change(struct snapshot *snapshot, const struct member *member)
{
    static const char whiteout[] = ".wh.", opaque[] = ".wh..wh..opq";
    const char *name = file_name(member->path);
    size_t directory_len = (size_t)(name - member->path);
    cleanup_free char *path = NULL;

    if (strcmp(name, opaque) == 0) {
        path = xasprintf("/%.*s", (int)(directory_len ? directory_len - 1 : 0), member->path);
        snapshot_add_change(snapshot, path, strlen(path), "directory", "emptied", 0);
    } else if (strncmp(name, whiteout, sizeof whiteout - 1) == 0) {
        path = xasprintf("/%.*s%s", (int)directory_len, member->path, name + sizeof whiteout - 1);
        snapshot_add_change(snapshot, path, strlen(path), NULL, "deleted", 0);
    } else if (member->type == MEMBER_CHARACTER_DEVICE && member->device_major == 0 &&
               member->device_minor == 0) {
        path = xasprintf("/%s", member->path);
        snapshot_add_change(snapshot, path, strlen(path), NULL, "deleted", 0);
    } else {
        path = xasprintf("/%s", strcmp(member->path, ".") == 0 ? "" : member->path);
        snapshot_add_change(snapshot, path, strlen(path), type_name(member->type), "changed",
                            member->size);
    }
}

static int visit_member(void *context, const struct member *member, struct error *error)
{
    struct snapshot *snapshot = context;

    (void)error;
    if (member->container) {
        if (inner_tar_kind(member->container) == INNER_TAR_ROOTFS)
            note_change(snapshot, member);
        return 0;
    }
    if (strcmp(member->path, "checkpoint/parent") == 0)
        snapshot_note(snapshot,
                      "memory that had not changed since the checkpoint before is only in "
                      "the archive of that: podman container restore --import-previous");
    if (member->type != MEMBER_FILE)
        return 0;
    count_sizes(snapshot, member);
    note_pages(snapshot, member);
    return 0;
}

static size_t wants(void *context, const struct member *member)
{
    enum snapshot_member which = find_kept(member);
    const char *name = image_name(member);
    size_t max = CRIU_IMAGE_MAX_BYTES;
    bool whole = true;

    if (which < SNAPSHOT_MEMBER_COUNT) {
        max = kept[which].max;
        whole = kept[which].whole;
    } else if (!name || !process_table_wants(name)) {
        return 0;
    }
    if (member->size <= max || !whole)
        return max;
    snapshot_note(context, "%s is too large to be read: %" PRIu64 " bytes", member->path,
                  member->size);
    return 0;
}

static int take_content(void *context, const struct member *member, const struct buffer *content,
                        struct error *ret_error)
{
    struct snapshot *snapshot = context;
    enum snapshot_member which = find_kept(member);
    const char *name = image_name(member);
    struct error error = {0};

    (void)ret_error;
    if (which < SNAPSHOT_MEMBER_COUNT) {
        if (snapshot->members[which].data)
            return 0; /* of two the first one counts */
        buffer_init(&snapshot->members[which], kept[which].max);
        buffer_append(&snapshot->members[which], content->data, content->len);
        return 0;
    }
    if (process_table_take(&snapshot->table, name, content->data, content->len, &error))
        snapshot_note(snapshot, "%s: %s", member->path, error.text);
    return 0;
}

static bool watches(void *context, const struct member *member)
{
    struct snapshot *snapshot = context;
    uint32_t id = 0;

    snapshot->watched = NULL;
    if (snapshot->hops || !pages_id(member, &id))
        return false;
    snapshot->watched = process_table_of_pages(&snapshot->table, id);
    return snapshot->watched &&
           process_plan_memory(&snapshot->table, snapshot->watched, member->size);
}

static int watch(void *context, uint64_t offset, const void *data, size_t len)
{
    struct snapshot *snapshot = context;
    uint64_t next, next_len;

    process_take_pages(snapshot->watched, offset, data, len);
    return process_next_wanted(snapshot->watched, offset + len, &next, &next_len) ? 1 : 0;
}

struct walk_visitor snapshot_visitor(struct snapshot *snapshot)
{
    return (struct walk_visitor){
        .context = snapshot,
        .member = visit_member,
        .wants = wants,
        .content = take_content,
        .watches = watches,
        .watch = watch,
    };
}

/* The next `len` bytes of the source, which are at `offset` in the pages image. */
static int read_part(struct process *process, struct source *tar, uint64_t offset, uint64_t len,
                     struct error *error)
{
    const void *data;
    size_t got;
    int more;

    while (len > 0 && (more = source_next(tar, &data, &got, error)) != 0) {
        if (more < 0)
            return -1;
        if (got > len)
            got = (size_t)len;
        process_take_pages(process, offset, data, got);
        offset += got;
        len -= got;
    }
    return 0;
}

/* The next part that is worth a request of its own: what is close behind is read with it. */
static bool next_stretch(const struct process *process, uint64_t from, uint64_t *offset,
                         uint64_t *len)
{
    uint64_t next, next_len;

    if (!process_next_wanted(process, from, offset, len))
        return false;
    while (process_next_wanted(process, *offset + *len, &next, &next_len) &&
           next - (*offset + *len) <= STRETCH_GAP_MAX_BYTES)
        *len = next + next_len - *offset;
    return true;
}

int snapshot_read_pages(struct snapshot *snapshot, struct source *tar, uint64_t tar_size,
                        struct error *error)
{
    for (size_t i = 0; i < snapshot->pages_count; i++) {
        const struct snapshot_pages *pages = &snapshot->pages[i];
        struct process *process = process_table_of_pages(&snapshot->table, pages->id);
        uint64_t present = tar_size > pages->offset ? tar_size - pages->offset : 0;
        uint64_t offset = 0, len = 0;

        if (!process || !process_plan_memory(&snapshot->table, process, pages->size))
            continue;
        for (; next_stretch(process, offset, &offset, &len) && offset < present; offset += len)
            if (source_seek(tar, pages->offset + offset, error) ||
                read_part(process, tar, offset, len, error))
                return -1;
    }
    return 0;
}

bool snapshot_is_empty(const struct snapshot *snapshot, const struct walk *walk)
{
    return !walk->spec_dump.data && !walk->config_dump.data &&
           !snapshot->members[SNAPSHOT_INVENTORY].data && snapshot->table.count == 0;
}

void snapshot_init(struct snapshot *snapshot)
{
    *snapshot = (struct snapshot){.changes = json_array(), .notes = json_array()};
}

void snapshot_done(struct snapshot *snapshot)
{
    for (int i = 0; i < SNAPSHOT_MEMBER_COUNT; i++)
        buffer_done(&snapshot->members[i]);
    process_table_done(&snapshot->table);
    free(snapshot->pages);
    json_decref(snapshot->changes);
    json_decref(snapshot->notes);
}
