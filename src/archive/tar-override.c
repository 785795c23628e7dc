// SPDX-License-Identifier: Apache-2.0
#include "archive/tar-override.h"

#include <string.h>

enum { USTAR_NAME_BYTES = 100 };

static const char repeats[] = "its extended headers name the same thing twice";

static const char *take_text(struct buffer *into, bool *has, const char *value, size_t len)
{
    if (*has)
        return repeats;
    if (memchr(value, '\0', len) || len == 0)
        return "a record of its PAX header is empty or holds a NUL";
    *has = true;
    buffer_done(into);
    buffer_init(into, TAR_OVERRIDE_MAX_BYTES);
    buffer_append(into, value, len);
    return NULL;
}

static const char *take_size(struct tar_headers *headers, const char *value, size_t len)
{
    uint64_t size = 0;

    if (headers->has_size)
        return repeats;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || size > UINT64_MAX / 20)
            return "the size in its PAX header is no number";
        size = size * 10 + (uint64_t)(value[i] - '0');
    }
    if (len == 0)
        return "the size in its PAX header is no number";
    headers->has_size = true;
    headers->size = size;
    return NULL;
}

static bool is_key(const char *key, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(key, name, len) == 0;
}

/* Of a global header ('g') some readers take what others do not. */
static const char *take_record(struct tar_headers *headers, char type, const char *key,
                               size_t key_len, const char *value, size_t len)
{
    static const char sparse[] = "GNU.sparse.";
    bool is_sparse = key_len >= sizeof sparse - 1 && memcmp(key, sparse, sizeof sparse - 1) == 0;
    bool overrides = is_sparse || is_key(key, key_len, "path") ||
                     is_key(key, key_len, "linkpath") || is_key(key, key_len, "size");

    if (!overrides)
        return NULL;
    if (type == 'g')
        return "a global header sets the path, link or size of all members";
    if (is_sparse)
        headers->is_sparse = true;
    else if (is_key(key, key_len, "path"))
        return take_text(&headers->path, &headers->has_path, value, len);
    else if (is_key(key, key_len, "linkpath"))
        return take_text(&headers->link, &headers->has_link, value, len);
    else
        return take_size(headers, value, len);
    return NULL;
}

/* "LENGTH KEY=VALUE\n", the length in decimal and of all of that. */
static const char *take_records(struct tar_headers *headers, char type)
{
    const char *at = headers->records.data, *end = at + headers->records.len;

    while (at < end) {
        const char *record = at, *key, *equals, *problem;
        size_t len = 0;

        for (; at < end && *at >= '0' && *at <= '9' && len <= TAR_OVERRIDE_MAX_BYTES; at++)
            len = len * 10 + (size_t)(*at - '0');
        if (at == end || *at != ' ' || len > (size_t)(end - record) ||
            len <= (size_t)(at + 1 - record) || record[len - 1] != '\n')
            return "its PAX header is not made of records";
        key = at + 1;
        at = record + len;
        equals = memchr(key, '=', (size_t)(at - key));
        if (!equals || equals == key)
            return "its PAX header is not made of records";
        problem = take_record(headers, type, key, (size_t)(equals - key), equals + 1,
                              (size_t)(at - 1 - (equals + 1)));
        if (problem)
            return problem;
    }
    return NULL;
}

const char *tar_override_take(struct tar_headers *headers, char type)
{
    if (type == 'x' || type == 'g') {
        if (type == 'x' && headers->has_pax)
            return repeats;
        headers->has_pax |= type == 'x';
        return take_records(headers, type);
    }
    return take_text(type == 'L' ? &headers->path : &headers->link,
                     type == 'L' ? &headers->has_path : &headers->has_link, headers->records.data,
                     strlen(headers->records.data));
}

static size_t without_slashes(const char *text, size_t len)
{
    while (len > 1 && text[len - 1] == '/')
        len--;
    return len;
}

bool tar_override_agrees(const struct buffer *override, const char *own)
{
    size_t len = without_slashes(override->data, override->len);
    size_t own_len = without_slashes(own, strlen(own)), ascii = 0;

    while (ascii < override->len && (unsigned char) override->data[ascii] < 0x80)
        ascii++;
    if (ascii == override->len && override->len < USTAR_NAME_BYTES)
        return len == own_len && memcmp(override->data, own, len) == 0;
    if (own_len > len && ascii == override->len)
        return false;
    return memcmp(override->data, own, own_len < ascii ? own_len : ascii) == 0;
}
