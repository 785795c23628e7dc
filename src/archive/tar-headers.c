// SPDX-License-Identifier: Apache-2.0
#include "archive/tar-headers.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    SEEN_MAX = 1 << 16, /* libarchive reads on by one block of the source, 2048 headers at most */
};

void tar_headers_init(struct tar_headers *headers)
{
    *headers = (struct tar_headers){0};
    buffer_init(&headers->records, TAR_OVERRIDE_MAX_BYTES);
    tar_override_init(&headers->override);
}

static void seen_done(struct tar_seen *seen)
{
    free(seen->path);
    free(seen->link);
}

static void forget_seen(struct tar_headers *headers)
{
    for (; headers->seen_count > 0; headers->seen_count--) {
        seen_done(&headers->seen[headers->seen_first]);
        headers->seen_first = (headers->seen_first + 1) % headers->seen_capacity;
    }
}

void tar_headers_done(struct tar_headers *headers)
{
    forget_seen(headers);
    buffer_done(&headers->records);
    tar_override_done(&headers->override);
    free(headers->sparse_name);
    free(headers->seen);
}

const struct tar_fault *tar_headers_fault(const struct tar_headers *headers)
{
    return headers->faulty ? &headers->fault : NULL;
}

static void fail(struct tar_headers *headers, enum check check, const char *member,
                 const char *what)
{
    headers->state = TAR_OFF;
    headers->faulty = true;
    headers->fault.check = check;
    headers->fault.offset = headers->in_group ? headers->group_offset : headers->position;
    headers->fault.what = what;
    snprintf(headers->fault.member, sizeof headers->fault.member, "%.255s", member);
}

static void push(struct tar_headers *headers, const struct tar_seen *seen)
{
    if (headers->seen_count == headers->seen_capacity) {
        size_t capacity = headers->seen_capacity ? 2 * headers->seen_capacity : 64;
        struct tar_seen *ring = xcalloc(capacity, sizeof *ring);

        for (size_t i = 0; i < headers->seen_count; i++)
            ring[i] = headers->seen[(headers->seen_first + i) % headers->seen_capacity];
        free(headers->seen);
        headers->seen = ring;
        headers->seen_capacity = capacity;
        headers->seen_first = 0;
    }
    headers->seen[(headers->seen_first + headers->seen_count++) % headers->seen_capacity] = *seen;
}

static void end_group(struct tar_headers *headers)
{
    headers->in_group = false;
    tar_override_done(&headers->override);
    tar_override_init(&headers->override);
}

static bool ends_in_slash(const char *path)
{
    size_t len = strlen(path);

    return len > 0 && path[len - 1] == '/';
}

static enum member_type type_of(const struct tar_block *block, const char *path)
{
    switch (block->type) {
    case '\0': /* V7 has no other mark of a directory */
        return ends_in_slash(path) ? MEMBER_DIRECTORY : MEMBER_FILE;
    case '0':
    case 'S':
        return MEMBER_FILE;
    case '1':
        return MEMBER_HARD_LINK;
    case '2':
        return MEMBER_SYMLINK;
    case '3':
        return MEMBER_CHARACTER_DEVICE;
    case '4':
        return MEMBER_BLOCK_DEVICE;
    case '5':
        return MEMBER_DIRECTORY;
    case '6':
        return MEMBER_FIFO;
    default:
        return MEMBER_OTHER;
    }
}

/* What readers would not take alike, though each header on its own is in order. */
static const char *contradiction(const struct tar_block *block, enum member_type type,
                                 const char *path, uint64_t stored)
{
    if (type == MEMBER_OTHER)
        return "it is of a type that not all readers know";
    if (type != MEMBER_DIRECTORY && ends_in_slash(path))
        return "it is no directory and its name ends in a slash";
    if (type != MEMBER_FILE && stored > 0)
        return "it is no file and has a size";
    if (block->type == 'S' && block->format != TAR_FORMAT_GNU)
        return "it has a map of holes that only GNU tar's own format has";
    return stored > INT64_MAX - TAR_BLOCK_BYTES ? "its size is out of all bounds" : NULL;
}

/* The member has a map of its holes, in the headers or in the content. */
static void begin_map(struct tar_headers *headers, const struct tar_block *block,
                      const uint8_t *bytes, const char *path, uint64_t stored)
{
    const char *problem = NULL;

    free(headers->sparse_name);
    headers->sparse_name = xstrdup(path);
    if (block->type == 'S') {
        problem = tar_sparse_begin(&headers->sparse, bytes, stored);
        headers->state = headers->sparse.more ? TAR_SPARSE_MAP : TAR_HEADER;
    } else {
        tar_sparse_begin_text(&headers->sparse, headers->override.sparse_size, stored);
        headers->state = TAR_SPARSE_TEXT;
    }
    if (problem)
        fail(headers, CHECK_AMBIGUOUS_HEADER, path, problem);
}

static const char *path_of(const struct tar_override *override, const struct tar_block *block)
{
    if (override->has_map)
        return override->sparse_path.data;
    return override->path.data ? override->path.data : block->name;
}

static void see(struct tar_headers *headers, const struct tar_block *block, enum member_type type,
                uint64_t stored)
{
    const struct tar_override *override = &headers->override;
    bool is_link = type == MEMBER_HARD_LINK || type == MEMBER_SYMLINK;
    const char *link = override->link.data ? override->link.data : block->link;
    struct tar_seen seen = {
        .offset = headers->group_offset,
        .content = headers->position,
        .size = override->has_map    ? override->sparse_size
                : block->type == 'S' ? headers->sparse.size
                                     : stored,
        .type = type,
        .permissions = block->mode & 07777,
        .device_major = block->device_major,
        .device_minor = block->device_minor,
        .sparse = override->has_map || block->type == 'S',
        .path = xstrdup(path_of(override, block)),
        .link = is_link ? xstrdup(link) : NULL,
    };

    push(headers, &seen);
}

static void take_member(struct tar_headers *headers, const struct tar_block *block,
                        const uint8_t *bytes)
{
    const struct tar_override *override = &headers->override;
    const char *path = path_of(override, block), *problem = tar_override_check(override, block);
    enum member_type type = type_of(block, path);
    uint64_t stored = override->has_size ? override->size : block->size;

    if (problem) {
        fail(headers, CHECK_HEADER_OVERRIDE, block->name, problem);
        return;
    }
    problem = contradiction(block, type, path, stored);
    if (!problem && headers->seen_count >= SEEN_MAX)
        problem = "too many headers have passed";
    if (problem) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, block->name, problem);
        return;
    }
    headers->state = TAR_HEADER;
    headers->skip = tar_padded(stored);
    if (override->has_map || block->type == 'S')
        begin_map(headers, block, bytes, path, stored);
    if (headers->state == TAR_OFF)
        return;
    see(headers, block, type, stored);
    end_group(headers);
}

/* CRI-O removes what has the name of a global header, and makes the directory it lies in: only
 * names that writers of tars give it. */
static bool is_usual_of_global(const char *name)
{
    static const char *const usual[] = {"pax_global_header", "@PaxHeader", "GlobalHead.*",
                                        "PaxHeaders*/*"};
    cleanup_free char *path = member_path_clean(name);

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (fnmatch(usual[i], path, FNM_PATHNAME | FNM_PERIOD) == 0)
            return true;
    return false;
}

/* What may stand before a member: Go forgets a PAX header before a global one, so that comes first
 * of all. */
static const char *misplaced(const struct tar_headers *headers, const struct tar_block *block)
{
    if (block->type != 'g')
        return NULL;
    if (headers->group_offset > 0 || headers->position != TAR_BLOCK_BYTES)
        return "a global header is not the first one of the tar";
    return is_usual_of_global(block->name) ? NULL : "a global header has an unusual name";
}

static void end_extension(struct tar_headers *headers)
{
    const char *problem = tar_override_take(&headers->override, headers->extension.type,
                                            headers->records.data, headers->records.len);

    headers->state = TAR_HEADER;
    if (problem)
        fail(headers, CHECK_HEADER_OVERRIDE, headers->extension.name, problem);
}

static void begin_extension(struct tar_headers *headers, const struct tar_block *block)
{
    const char *problem = misplaced(headers, block);

    if (!problem && block->size > TAR_OVERRIDE_MAX_BYTES)
        problem = "its extended header is larger than 1 MiB";
    if (problem) {
        fail(headers, CHECK_HEADER_OVERRIDE, block->name, problem);
        return;
    }
    headers->extension = *block;
    headers->extension_left = tar_padded(block->size);
    buffer_clear(&headers->records);
    headers->records.max = block->size;
    buffer_append(&headers->records, "", 0);
    headers->state = TAR_EXTENSION;
    if (block->size == 0)
        end_extension(headers);
}

static void take_header(struct tar_headers *headers, const uint8_t *bytes)
{
    struct tar_block block;
    const char *problem = tar_block_read(&block, bytes);

    if (!headers->in_group)
        headers->group_offset = headers->position - TAR_BLOCK_BYTES;
    headers->in_group = true;
    if (problem)
        fail(headers, CHECK_AMBIGUOUS_HEADER, block.name, problem);
    else if (block.type && strchr("xgLK", block.type))
        begin_extension(headers, &block);
    else
        take_member(headers, &block, bytes);
}

static void take_map(struct tar_headers *headers, const uint8_t *block)
{
    const char *problem = tar_sparse_extend(&headers->sparse, block);

    if (problem)
        fail(headers, CHECK_AMBIGUOUS_HEADER, headers->sparse_name, problem);
    else if (!headers->sparse.more)
        headers->state = TAR_HEADER;
}

static void take_block(struct tar_headers *headers, const uint8_t *block)
{
    if (headers->state == TAR_SPARSE_MAP) {
        take_map(headers, block);
    } else if (tar_is_zero(block, TAR_BLOCK_BYTES)) {
        headers->state = TAR_END;
        if (headers->in_group)
            fail(headers, CHECK_AMBIGUOUS_HEADER, "", "it ends behind an extended header");
    } else if (!tar_block_is_header(block)) {
        headers->state = TAR_OFF; /* if libarchive does not say so too, its member is unseen */
    } else {
        take_header(headers, block);
    }
}

/* Bytes of an extended header; how many were taken. */
static size_t take_extension(struct tar_headers *headers, const uint8_t *data, size_t len)
{
    size_t room = headers->records.max - headers->records.len;

    if (len > headers->extension_left)
        len = (size_t)headers->extension_left;
    buffer_append(&headers->records, data, len < room ? len : room);
    headers->extension_left -= len;
    if (headers->extension_left > 0)
        return len;
    end_extension(headers);
    return len;
}

/* Bytes of a map at the beginning of the content; how many were taken. */
static size_t take_text(struct tar_headers *headers, const uint8_t *data, size_t len)
{
    size_t taken;
    const char *problem = tar_sparse_text(&headers->sparse, data, len, &taken);

    headers->skip -= taken;
    if (problem)
        fail(headers, CHECK_AMBIGUOUS_HEADER, headers->sparse_name, problem);
    else if (!headers->sparse.more)
        headers->state = TAR_HEADER;
    return taken;
}

/* Bytes of a header; how many were taken. */
static size_t take_piece(struct tar_headers *headers, const uint8_t *data, size_t len)
{
    size_t room = TAR_BLOCK_BYTES - headers->block_len;

    if (len < room) {
        memcpy(headers->block + headers->block_len, data, len);
        headers->block_len += len;
        headers->position += len;
        return len;
    }
    memcpy(headers->block + headers->block_len, data, room);
    headers->block_len = 0;
    headers->position += room;
    take_block(headers, headers->block);
    return room;
}

static size_t take_content(struct tar_headers *headers, size_t len)
{
    if (len > headers->skip)
        len = (size_t)headers->skip;
    headers->skip -= len;
    return len;
}

void tar_headers_pass(struct tar_headers *headers, const uint8_t *data, size_t len)
{
    while (len > 0 && headers->state != TAR_OFF && headers->state != TAR_END) {
        size_t taken;

        if (headers->state == TAR_SPARSE_MAP ||
            (headers->state == TAR_HEADER && headers->skip == 0)) {
            taken = take_piece(headers, data, len);
        } else {
            taken = headers->state == TAR_EXTENSION     ? take_extension(headers, data, len)
                    : headers->state == TAR_SPARSE_TEXT ? take_text(headers, data, len)
                                                        : take_content(headers, len);
            headers->position += taken;
        }
        data += taken;
        len -= taken;
    }
}

static const char two_ways[] = "its headers can be read in two ways";

void tar_headers_hop(struct tar_headers *headers, uint64_t len)
{
    if (headers->state == TAR_OFF || headers->state == TAR_END)
        return;
    if (headers->state != TAR_HEADER || len > headers->skip) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, "", two_ways);
        return;
    }
    headers->skip -= len;
    headers->position += len;
}

static bool is_same_device(const struct tar_seen *seen, const struct member *member)
{
    return (seen->type != MEMBER_CHARACTER_DEVICE && seen->type != MEMBER_BLOCK_DEVICE) ||
           (seen->device_major == member->device_major &&
            seen->device_minor == member->device_minor);
}

static bool is_same(const struct tar_seen *seen, uint64_t offset, const struct member *member)
{
    bool has_link = seen->link;

    return seen->offset == offset && seen->type == member->type && seen->size == member->size &&
           seen->permissions == (member->mode & 07777) && is_same_device(seen, member) &&
           (seen->sparse || seen->content == member->offset) &&
           strcmp(seen->path, member->raw_path) == 0 && has_link == (member->link != NULL) &&
           (!has_link || strcmp(seen->link, member->link) == 0);
}

void tar_headers_match(struct tar_headers *headers, uint64_t offset, struct member *member)
{
    struct tar_seen seen;

    member->sparse = false;
    if (headers->seen_count == 0) {
        if (headers->faulty)
            return;
        fail(headers, CHECK_AMBIGUOUS_HEADER, "", "it has a member that is not in its headers");
        headers->fault.offset = offset;
        return;
    }
    seen = headers->seen[headers->seen_first];
    headers->seen_first = (headers->seen_first + 1) % headers->seen_capacity;
    headers->seen_count--;
    member->sparse = seen.sparse;
    if (!is_same(&seen, offset, member)) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, seen.path, two_ways);
        headers->fault.offset = offset;
        forget_seen(headers);
    }
    seen_done(&seen);
}

bool tar_headers_are_ahead(const struct tar_headers *headers)
{
    return headers->seen_count > 0;
}

bool tar_headers_are_torn(const struct tar_headers *headers)
{
    return headers->in_group && headers->state != TAR_OFF && headers->state != TAR_END;
}

void tar_headers_end(struct tar_headers *headers)
{
    if (!headers->faulty && headers->seen_count > 0)
        fail(headers, CHECK_AMBIGUOUS_HEADER, "", "it has a header that is no member");
}
