// SPDX-License-Identifier: Apache-2.0
#include "archive/tar-headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar-override.h"
#include "base/memory.h"

/* POSIX.1-1988 ustar. GNU tar's own format has the same fields up to the version. */
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
    char rest[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK_BYTES, "a header is one block");

enum {
    SEEN_MAX = 1 << 16, /* libarchive reads on by one block of the source, 2048 headers at most */
    GNU_SPARSE_MORE_AT = 482, /* in the header: another block of the map follows */
    GNU_SPARSE_MORE_IN_MAP_AT = 504,
};
#define OCTAL_SIZE_MAX 077777777777ULL

void tar_headers_init(struct tar_headers *headers)
{
    *headers = (struct tar_headers){0};
    buffer_init(&headers->records, TAR_OVERRIDE_MAX_BYTES);
}

void tar_headers_done(struct tar_headers *headers)
{
    buffer_done(&headers->records);
    buffer_done(&headers->path);
    buffer_done(&headers->link);
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

/* The name that the header itself has, as text of at most `size` bytes. */
static void own_name(const struct ustar *header, char *name, size_t size)
{
    bool has_prefix = memcmp(header->magic, "ustar", sizeof header->magic) == 0 && *header->prefix;

    snprintf(name, size, "%.*s%s%.*s", has_prefix ? (int)sizeof header->prefix : 0, header->prefix,
             has_prefix ? "/" : "", (int)sizeof header->name, header->name);
}

static bool checksum_is_right(const struct ustar *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    unsigned sum = 0, told = 0;
    size_t i = 0;

    for (size_t at = 0; at < sizeof *header; at++)
        sum += bytes[at];
    for (size_t at = 0; at < sizeof header->checksum; at++)
        sum += (unsigned)' ' - (uint8_t)header->checksum[at];
    while (i < sizeof header->checksum && header->checksum[i] == ' ')
        i++;
    for (; i < sizeof header->checksum && header->checksum[i] >= '0' && header->checksum[i] <= '7';
         i++)
        told = told * 8 + (unsigned)(header->checksum[i] - '0');
    return sum == told;
}

/* Octal digits with blanks around, or GNU's base 256. */
static bool parse_size(const char field[12], uint64_t *size)
{
    const uint8_t *bytes = (const uint8_t *)field;
    size_t i = 0;

    *size = 0;
    if (bytes[0] == 0x80) {
        for (i = 1; i < 12; i++) {
            if (*size > UINT64_MAX >> 9)
                return false;
            *size = *size << 8 | bytes[i];
        }
        return true;
    }
    while (i < 12 && field[i] == ' ')
        i++;
    for (; i < 12 && field[i] >= '0' && field[i] <= '7'; i++)
        *size = *size * 8 + (uint64_t)(field[i] - '0');
    while (i < 12 && (field[i] == ' ' || field[i] == '\0'))
        i++;
    return i == 12;
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
    headers->has_path = headers->has_link = headers->has_size = headers->has_pax = false;
    headers->is_sparse = false;
}

/* What the headers before it put in place of what the member's own says. */
static const char *disagreement(const struct tar_headers *headers, const struct ustar *header,
                                uint64_t own_size)
{
    char name[sizeof header->prefix + sizeof header->name + 2], link[sizeof header->link + 1];
    bool fits = headers->size <= OCTAL_SIZE_MAX;

    own_name(header, name, sizeof name);
    snprintf(link, sizeof link, "%.*s", (int)sizeof header->link, header->link);
    if (headers->has_size && headers->size != own_size &&
        (fits || (own_size != 0 && own_size != OCTAL_SIZE_MAX)))
        return "its PAX header gives another size than its header";
    if (headers->has_path && !headers->is_sparse && !tar_override_agrees(&headers->path, name))
        return "its extended header gives another name than its header";
    if (headers->has_link && !tar_override_agrees(&headers->link, link))
        return "its extended header gives another link than its header";
    return NULL;
}

static void take_member(struct tar_headers *headers, const struct ustar *header, uint64_t size,
                        const char *name)
{
    const char *problem = disagreement(headers, header, size);
    struct tar_seen seen = {.offset = headers->group_offset,
                            .size = headers->has_size ? headers->size : size,
                            .sparse = headers->is_sparse || header->type == 'S'};

    if (problem) {
        fail(headers, CHECK_HEADER_OVERRIDE, name, problem);
        return;
    }
    if (header->type >= '1' && header->type <= '6' && seen.size > 0) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, name, "it is no file and has a size");
        return;
    }
    if (seen.size > INT64_MAX - TAR_BLOCK_BYTES || headers->seen_count >= SEEN_MAX) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, name, "its size is out of all bounds");
        return;
    }
    push(headers, &seen);
    headers->skip = tar_padded(seen.size);
    end_group(headers);
    if (header->type == 'S' && ((const uint8_t *)header)[GNU_SPARSE_MORE_AT])
        headers->state = TAR_SPARSE_MAP;
}

static void end_extension(struct tar_headers *headers)
{
    const char *problem = tar_override_take(headers, headers->extension);

    headers->state = TAR_HEADER;
    if (problem)
        fail(headers, CHECK_HEADER_OVERRIDE,
             headers->has_path ? headers->path.data : headers->extension_name, problem);
}

static void begin_extension(struct tar_headers *headers, const struct ustar *header, uint64_t size,
                            const char *name)
{
    if (size > TAR_OVERRIDE_MAX_BYTES) {
        fail(headers, CHECK_HEADER_OVERRIDE, name, "its extended header is larger than 64 KiB");
        return;
    }
    snprintf(headers->extension_name, sizeof headers->extension_name, "%.255s", name);
    headers->extension = header->type;
    headers->extension_left = tar_padded(size);
    buffer_clear(&headers->records);
    headers->records.max = size;
    buffer_append(&headers->records, "", 0);
    headers->state = TAR_EXTENSION;
    if (size == 0)
        end_extension(headers);
}

static void take_header(struct tar_headers *headers, const struct ustar *header)
{
    char name[sizeof header->prefix + sizeof header->name + 2];
    uint64_t size;

    if (!headers->in_group)
        headers->group_offset = headers->position - TAR_BLOCK_BYTES;
    headers->in_group = true;
    own_name(header, name, sizeof name);
    if (!parse_size(header->size, &size))
        fail(headers, CHECK_AMBIGUOUS_HEADER, name, "its size is no number");
    else if (header->type && strchr("xgLK", header->type))
        begin_extension(headers, header, size, name);
    else if (!header->type || strchr("01234567S", header->type))
        take_member(headers, header, size, name);
    else
        fail(headers, CHECK_AMBIGUOUS_HEADER, name, "it is of a type that not all readers know");
}

static void take_block(struct tar_headers *headers, const uint8_t *block)
{
    static const uint8_t zeros[TAR_BLOCK_BYTES];
    const struct ustar *header = (const struct ustar *)block;

    if (headers->state == TAR_SPARSE_MAP) {
        if (!block[GNU_SPARSE_MORE_IN_MAP_AT])
            headers->state = TAR_HEADER;
    } else if (memcmp(block, zeros, sizeof zeros) == 0) {
        headers->state = TAR_END;
        if (headers->in_group)
            fail(headers, CHECK_AMBIGUOUS_HEADER, "", "it ends behind an extended header");
    } else if (!checksum_is_right(header)) {
        headers->state = TAR_OFF; /* libarchive says so too */
    } else {
        take_header(headers, header);
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

void tar_headers_pass(struct tar_headers *headers, const uint8_t *data, size_t len)
{
    while (len > 0 && headers->state != TAR_OFF && headers->state != TAR_END) {
        size_t taken;

        if (headers->state == TAR_EXTENSION) {
            taken = take_extension(headers, data, len);
            headers->position += taken;
        } else if (headers->state == TAR_HEADER && headers->skip > 0) {
            taken = len < headers->skip ? len : (size_t)headers->skip;
            headers->skip -= taken;
            headers->position += taken;
        } else {
            taken = take_piece(headers, data, len);
        }
        data += taken;
        len -= taken;
    }
}

void tar_headers_hop(struct tar_headers *headers, uint64_t len)
{
    if (headers->state == TAR_OFF || headers->state == TAR_END)
        return;
    if (headers->state != TAR_HEADER || len > headers->skip) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, "", "its headers can be read in two ways");
        return;
    }
    headers->skip -= len;
    headers->position += len;
}

void tar_headers_match(struct tar_headers *headers, uint64_t offset, uint64_t size, bool *sparse)
{
    const struct tar_seen *seen;

    *sparse = false;
    if (headers->seen_count == 0) {
        if (headers->faulty)
            return;
        fail(headers, CHECK_AMBIGUOUS_HEADER, "", "it has a member that is not in its headers");
        headers->fault.offset = offset;
        return;
    }
    seen = &headers->seen[headers->seen_first];
    headers->seen_first = (headers->seen_first + 1) % headers->seen_capacity;
    headers->seen_count--;
    *sparse = seen->sparse;
    if (seen->offset != offset || (!seen->sparse && seen->size != size)) {
        fail(headers, CHECK_AMBIGUOUS_HEADER, "", "its headers can be read in two ways");
        headers->fault.offset = offset;
        headers->seen_count = 0;
    }
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
