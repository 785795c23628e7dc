// SPDX-License-Identifier: Apache-2.0
#include "archive/tar-override.h"

#include <string.h>

#define OCTAL_SIZE_MAX 077777777777ULL

enum { NAME_FIELD_BYTES = 100, TIME_MAX_DIGITS = 18 };

static const char repeats[] = "its extended headers name the same thing twice";
static const char no_records[] = "its PAX header is not made of records";

void tar_override_init(struct tar_override *override)
{
    override->keys = 0;
    override->is_gnu = override->has_size = override->has_map = false;
    override->size = override->sparse_size = 0;
    override->xattr_count = 0;
    buffer_init(&override->path, TAR_OVERRIDE_MAX_BYTES);
    buffer_init(&override->link, TAR_OVERRIDE_MAX_BYTES);
    buffer_init(&override->sparse_path, TAR_OVERRIDE_MAX_BYTES);
}

void tar_override_done(struct tar_override *override)
{
    buffer_done(&override->path);
    buffer_done(&override->link);
    buffer_done(&override->sparse_path);
}

/* The values of PAX records. */

static const char *take_text(struct buffer *into, const char *value, size_t len)
{
    if (len == 0 || memchr(value, '\0', len))
        return "a record of its PAX header is empty or holds a NUL";
    buffer_append(into, value, len);
    return NULL;
}

static const char *take_number(uint64_t max, uint64_t *number, const char *value, size_t len)
{
    *number = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || *number > UINT64_MAX / 20)
            return "a number in its PAX header is none";
        *number = *number * 10 + (uint64_t)(value[i] - '0');
    }
    return len == 0 || *number > max ? "a number in its PAX header is none, or too large" : NULL;
}

/* Seconds, maybe before 1970, maybe with a fraction. */
static const char *take_time(const char *value, size_t len)
{
    size_t i = len > 0 && *value == '-', from = i;

    while (i < len && value[i] >= '0' && value[i] <= '9')
        i++;
    if (i == from || i - from > TIME_MAX_DIGITS)
        return "a time in its PAX header is none";
    if (i < len && value[i] == '.')
        i++;
    while (i < len && value[i] >= '0' && value[i] <= '9')
        i++;
    return i == len ? NULL : "a time in its PAX header is none";
}

static const char *take_version(char wanted, const char *value, size_t len)
{
    return len == 1 && *value == wanted ? NULL
                                        : "the map of its holes is of a version that not all know";
}

enum key {
    KEY_PATH,
    KEY_LINK,
    KEY_SIZE,
    KEY_UID,
    KEY_GID,
    KEY_UNAME,
    KEY_GNAME,
    KEY_ATIME,
    KEY_MTIME,
    KEY_CTIME,
    KEY_COMMENT,
    KEY_SPARSE_MAJOR,
    KEY_SPARSE_MINOR,
    KEY_SPARSE_NAME,
    KEY_SPARSE_SIZE,
    KEY_COUNT,
};
/* GNU tar writes all of them or none. */
enum {
    SPARSE_KEYS =
        1 << KEY_SPARSE_MAJOR | 1 << KEY_SPARSE_MINOR | 1 << KEY_SPARSE_NAME | 1 << KEY_SPARSE_SIZE,
};

static const char *const key_names[KEY_COUNT] = {
    [KEY_PATH] = "path",
    [KEY_LINK] = "linkpath",
    [KEY_SIZE] = "size",
    [KEY_UID] = "uid",
    [KEY_GID] = "gid",
    [KEY_UNAME] = "uname",
    [KEY_GNAME] = "gname",
    [KEY_ATIME] = "atime",
    [KEY_MTIME] = "mtime",
    [KEY_CTIME] = "ctime",
    [KEY_COMMENT] = "comment",
    [KEY_SPARSE_MAJOR] = "GNU.sparse.major",
    [KEY_SPARSE_MINOR] = "GNU.sparse.minor",
    [KEY_SPARSE_NAME] = "GNU.sparse.name",
    [KEY_SPARSE_SIZE] = "GNU.sparse.realsize",
};

static enum key find_key(const char *key, size_t len)
{
    int i = 0;

    while (i < KEY_COUNT && (strlen(key_names[i]) != len || memcmp(key_names[i], key, len) != 0))
        i++;
    return i;
}

static const char *take_value(struct tar_override *override, enum key key, const char *value,
                              size_t len)
{
    uint64_t ignored;

    switch (key) {
    case KEY_PATH:
        return take_text(&override->path, value, len);
    case KEY_LINK:
        return take_text(&override->link, value, len);
    case KEY_SPARSE_NAME:
        return take_text(&override->sparse_path, value, len);
    case KEY_UNAME:
    case KEY_GNAME:
        return memchr(value, '\0', len) ? "a name in its PAX header holds a NUL" : NULL;
    case KEY_SIZE:
        override->has_size = true;
        return take_number(INT64_MAX, &override->size, value, len);
    case KEY_SPARSE_SIZE:
        return take_number(INT64_MAX, &override->sparse_size, value, len);
    case KEY_UID:
    case KEY_GID:
        return take_number(UINT32_MAX, &ignored, value, len);
    case KEY_ATIME:
    case KEY_MTIME:
    case KEY_CTIME:
        return take_time(value, len);
    case KEY_SPARSE_MAJOR:
        return take_version('1', value, len);
    case KEY_SPARSE_MINOR:
        return take_version('0', value, len);
    case KEY_COMMENT:
    case KEY_COUNT:
        break;
    }
    return NULL;
}

static const char *take_xattr(struct tar_override *override, const char *key, size_t len)
{
    if (memchr(key, '\0', len))
        return "a key of its PAX header holds a NUL";
    if (override->xattr_count == TAR_XATTRS_MAX)
        return "it has more extended attributes than any file";
    for (size_t i = 0; i < override->xattr_count; i++)
        if (override->xattr_len[i] == len && memcmp(override->xattrs[i], key, len) == 0)
            return repeats;
    override->xattrs[override->xattr_count] = key;
    override->xattr_len[override->xattr_count++] = len;
    return NULL;
}

/* A global header holds for all members that follow, for some readers: only a comment is harmless.
 */
static const char *take_record(struct tar_override *override, char type, const char *key,
                               size_t key_len, const char *value, size_t len)
{
    static const char xattr[] = "SCHILY.xattr.";
    enum key found = find_key(key, key_len);

    if (type == 'g')
        return found == KEY_COMMENT ? NULL : "a global header sets something of all members";
    if (key_len > sizeof xattr - 1 && memcmp(key, xattr, sizeof xattr - 1) == 0)
        return take_xattr(override, key, key_len);
    if (found == KEY_COUNT)
        return "its PAX header has a key that not all readers obey";
    if (override->keys & 1U << found)
        return repeats;
    override->keys |= 1U << found;
    return take_value(override, found, value, len);
}

/* "LENGTH KEY=VALUE\n", the length in decimal and of all of that. */
static const char *take_records(struct tar_override *override, char type, const char *at,
                                size_t all)
{
    const char *end = at + all;

    while (at < end) {
        const char *record = at, *key, *equals, *problem;
        size_t len = 0;

        for (; at < end && *at >= '0' && *at <= '9' && len <= TAR_OVERRIDE_MAX_BYTES; at++)
            len = len * 10 + (size_t)(*at - '0');
        if (at == end || *at != ' ' || len > (size_t)(end - record) ||
            len <= (size_t)(at + 1 - record) || record[len - 1] != '\n')
            return no_records;
        key = at + 1;
        at = record + len;
        equals = memchr(key, '=', (size_t)(at - key));
        if (!equals || equals == key)
            return no_records;
        problem = take_record(override, type, key, (size_t)(equals - key), equals + 1,
                              (size_t)(at - 1 - (equals + 1)));
        if (problem)
            return problem;
    }
    return NULL;
}

/* GNU tar's long name: a text and NULs. */
static const char *take_long(struct buffer *into, const char *data, size_t len)
{
    size_t text_len = strnlen(data, len);

    if (text_len == 0 || !tar_is_zero((const uint8_t *)data + text_len, len - text_len))
        return "its long name is empty or holds a NUL";
    buffer_append(into, data, text_len);
    return NULL;
}

const char *tar_override_take(struct tar_override *override, char type, const char *data,
                              size_t len)
{
    struct buffer *into = type == 'L' ? &override->path : &override->link;
    const char *problem;

    if (len == 0)
        return "an extended header is empty";
    if (type == 'g')
        return take_records(override, type, data, len);
    /* One PAX header, or GNU's, each of them once. */
    if (override->keys || override->xattr_count || (type == 'x' && override->is_gnu) ||
        (type != 'x' && into->data))
        return repeats;
    if (type != 'x') {
        override->is_gnu = true;
        return take_long(into, data, len);
    }
    problem = take_records(override, type, data, len);
    if (problem)
        return problem;
    override->has_map = override->keys & SPARSE_KEYS;
    return override->has_map && (override->keys & SPARSE_KEYS) != SPARSE_KEYS
               ? "its PAX header tells of holes in a way that not all readers know"
               : NULL;
}

/* How writers put a text into a field that takes ASCII alone: GNU tar as it is, Go without all
 * else, Python with a question mark for each letter. */
enum narrowing { AS_IT_IS, LEFT_OUT, QUESTION_MARKS, NARROWING_COUNT };

static void narrow(struct buffer *out, const struct buffer *text, enum narrowing how)
{
    for (size_t i = 0; i < text->len; i++) {
        unsigned char letter = (unsigned char)text->data[i];

        if (letter < 0x80 || how == AS_IT_IS)
            buffer_append(out, &text->data[i], 1);
        else if (how == QUESTION_MARKS && (letter & 0xc0) != 0x80) /* UTF-8: a letter begins */
            buffer_append(out, "?", 1);
    }
}

static size_t without_slashes(const char *text, size_t len)
{
    while (len > 1 && text[len - 1] == '/')
        len--;
    return len;
}

/* Whether the header's field holds the text, or as much of it as there is room for. Old GNU tar
 * leaves room for a NUL. */
static bool is_held(const struct buffer *text, const char *own)
{
    const size_t cuts[] = {text->len, NAME_FIELD_BYTES, NAME_FIELD_BYTES - 1};
    size_t own_len = without_slashes(own, strlen(own));

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        if (cuts[i] <= text->len && without_slashes(text->data, cuts[i]) == own_len &&
            memcmp(text->data, own, own_len) == 0)
            return true;
    }
    return false;
}

static bool agrees(const struct buffer *text, const char *own)
{
    for (enum narrowing how = AS_IT_IS; how < NARROWING_COUNT; how++) {
        cleanup(buffer_done) struct buffer narrowed = {0};

        buffer_init(&narrowed, TAR_OVERRIDE_MAX_BYTES);
        buffer_append(&narrowed, "", 0);
        narrow(&narrowed, text, how);
        if (is_held(&narrowed, own))
            return true;
    }
    return false;
}

static bool size_agrees(const struct tar_override *override, const struct tar_block *own)
{
    if (!override->has_size || override->size == own->size)
        return true;
    return override->size > OCTAL_SIZE_MAX && (own->size == 0 || own->size == OCTAL_SIZE_MAX);
}

const char *tar_override_check(const struct tar_override *override, const struct tar_block *own)
{
    bool is_link = own->type == '1' || own->type == '2';

    if (!size_agrees(override, own))
        return "its PAX header gives another size than its header";
    if (override->has_map && own->type != '0')
        return "it is no file and has a map of holes";
    /* For a file with holes it is the name for readers that do not know of them. */
    if (override->path.data && !override->has_map && !agrees(&override->path, own->name))
        return "its extended header gives another name than its header";
    if (override->link.data && (!is_link || !agrees(&override->link, own->link)))
        return "its extended header gives another link than its header";
    if (own->type == 'S' && (override->keys || override->xattr_count))
        return "it has a PAX header and a map of holes in GNU tar's own format";
    return NULL;
}
