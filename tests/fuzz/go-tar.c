// SPDX-License-Identifier: Apache-2.0
#include "go-tar.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, SPECIAL_MAX = 1 << 20 };

enum format { V7, USTAR, STAR, GNU };

/* Where Go is: `at` is the next byte. */
struct reader {
    const uint8_t *data;
    size_t size, at;
};

struct record {
    char *key, *value;
    size_t value_len;
};

/* PAX records, the last of a key counts. */
struct records {
    struct record *list;
    size_t count;
};

static char *text_of(const void *bytes, size_t len)
{
    char *text = malloc(len + 1);

    if (!text)
        abort();
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

/* parseString() */
static char *string_of(const uint8_t *field, size_t len)
{
    return text_of(field, strnlen((const char *)field, len));
}

static void records_clear(struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        free(records->list[i].key);
        free(records->list[i].value);
    }
    free(records->list);
    *records = (struct records){0};
}

static struct record *find(const struct records *records, const char *key)
{
    for (size_t i = 0; i < records->count; i++)
        if (strcmp(records->list[i].key, key) == 0)
            return &records->list[i];
    return NULL;
}

/* NULL also for an empty one: Go keeps what it has. */
static const char *value_of(const struct records *records, const char *key)
{
    const struct record *record = find(records, key);

    return record && record->value_len > 0 ? record->value : NULL;
}

/* strconv.ParseInt(text, 10, 64) */
static bool parse_int(const char *text, size_t len, int64_t *number)
{
    bool negative = len > 0 && *text == '-';
    size_t i = len > 0 && (*text == '-' || *text == '+');
    uint64_t value = 0, max = (uint64_t)INT64_MAX + negative;

    if (i == len)
        return false;
    for (; i < len; i++) {
        unsigned digit = (unsigned)text[i] - '0';

        if (text[i] < '0' || text[i] > '9' || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* parsePAXTime() */
static bool is_pax_time(const char *text)
{
    size_t whole = strcspn(text, ".");
    int64_t seconds;

    if (!parse_int(text, whole, &seconds))
        return false;
    return !text[whole] || strspn(text + whole + 1, "0123456789") == strlen(text + whole + 1);
}

/* parseOctal() */
static bool parse_octal(const uint8_t *field, size_t len, int64_t *number)
{
    uint64_t value = 0;

    *number = 0;
    while (len > 0 && (*field == ' ' || *field == '\0')) {
        field++;
        len--;
    }
    while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
        len--;
    for (size_t i = 0; i < len && field[i]; i++) {
        if (field[i] < '0' || field[i] > '7' || value >> 61)
            return false;
        value = value * 8 + (field[i] - '0');
    }
    *number = (int64_t)value;
    return true;
}

/* parseNumeric() */
static bool parse_numeric(const uint8_t *field, size_t len, int64_t *number)
{
    uint8_t inverted = field[0] & 0x40 ? 0xff : 0;
    uint64_t value = 0;

    if (!(field[0] & 0x80))
        return parse_octal(field, len, number);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = field[i] ^ inverted;

        if (i == 0)
            byte &= 0x7f;
        if (value >> 56)
            return false;
        value = value << 8 | byte;
    }
    if (value >> 63)
        return false;
    *number = inverted ? (int64_t)~value : (int64_t)value;
    return true;
}

static bool is_zero(const uint8_t *block)
{
    for (int i = 0; i < BLOCK; i++)
        if (block[i])
            return false;
    return true;
}

/* getFormat() */
static bool read_format(const uint8_t *h, enum format *format)
{
    int64_t told, is_unsigned = 0, is_signed = 0;

    for (int i = 0; i < BLOCK; i++) {
        uint8_t byte = i >= 148 && i < 156 ? ' ' : h[i];

        is_unsigned += byte;
        is_signed += (int8_t)byte;
    }
    if (!parse_octal(h + 148, 8, &told) || (told != is_unsigned && told != is_signed))
        return false;
    *format = V7;
    if (memcmp(h + 257, "ustar\0", 6) == 0)
        *format = memcmp(h + 508, "tar\0", 4) == 0 ? STAR : USTAR;
    else if (memcmp(h + 257, "ustar  \0", 8) == 0)
        *format = GNU;
    return true;
}

static bool is_ascii(const uint8_t *field, size_t len)
{
    for (size_t i = 0; i < len && field[i]; i++)
        if (field[i] >= 0x80)
            return false;
    return true;
}

/* How much of bytes 345.. Go takes for a prefix. */
static bool prefix_len(const uint8_t *h, enum format format, size_t *len)
{
    int64_t ignored;

    *len = 0;
    switch (format) {
    case V7:
        return true;
    case USTAR:
        *len = 155;
        return true;
    case STAR:
        *len = 131;
        return parse_numeric(h + 476, 12, &ignored) && parse_numeric(h + 488, 12, &ignored);
    case GNU:
        if ((h[345] && !parse_numeric(h + 345, 12, &ignored)) ||
            (h[357] && !parse_numeric(h + 357, 12, &ignored)))
            *len = is_ascii(h + 345, 155) ? 155 : 0;
        return true;
    }
    return false;
}

/* readHeader() without the blocks of zeros. */
static bool read_header(const uint8_t *h, enum format *format, struct go_member *member)
{
    int64_t ignored;
    size_t prefix;

    if (!read_format(h, format) || !parse_numeric(h + 124, 12, &member->size) ||
        !parse_numeric(h + 100, 8, &member->mode) || !parse_numeric(h + 108, 8, &ignored) ||
        !parse_numeric(h + 116, 8, &ignored) || !parse_numeric(h + 136, 12, &ignored) ||
        !prefix_len(h, *format, &prefix))
        return false;
    member->type = (char)h[156];
    if (*format != V7 && (!parse_numeric(h + 329, 8, &member->device_major) ||
                          !parse_numeric(h + 337, 8, &member->device_minor)))
        return false;
    member->link = string_of(h + 157, 100);
    prefix = prefix ? strnlen((const char *)h + 345, prefix) : 0;
    if (prefix == 0) {
        member->name = string_of(h, 100);
        return true;
    }
    member->name = calloc(1, 300);
    if (!member->name)
        abort();
    memcpy(member->name, h + 345, prefix);
    member->name[prefix] = '/';
    memcpy(member->name + prefix + 1, h, strnlen((const char *)h, 100));
    return true;
}

static bool has_body(char type)
{
    return !strchr("123456", type) || !type;
}

static void put(struct records *records, const char *key, size_t key_len, const char *value,
                size_t value_len)
{
    char *name = text_of(key, key_len);
    struct record *record = find(records, name);

    if (record) {
        free(record->value);
        free(name);
    } else {
        records->list = realloc(records->list, (records->count + 1) * sizeof *records->list);
        if (!records->list)
            abort();
        record = &records->list[records->count++];
        record->key = name;
    }
    record->value = text_of(value, value_len);
    record->value_len = value_len;
}

/* validPAXRecord() */
static bool is_valid(const char *key, size_t key_len, const char *value, size_t value_len)
{
    static const char *const names[] = {"path", "linkpath", "uname", "gname"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == key_len && memcmp(key, names[i], key_len) == 0)
            return !memchr(value, '\0', value_len);
    return !memchr(key, '\0', key_len);
}

/* The map of version 0.0 becomes one of 0.1. */
static bool put_map(struct records *records, bool is_offset, const char *value, size_t len)
{
    struct record *map = find(records, "\001map");
    size_t commas = 0, old_len = map ? map->value_len : 0;
    char *joined;

    for (size_t i = 0; i < old_len; i++)
        commas += map->value[i] == ',';
    /* As many numbers as commas and one, where there are any. */
    if (is_offset != ((map ? commas + 1 : 0) % 2 == 0) || memchr(value, ',', len))
        return false;
    joined = calloc(1, old_len + len + 2);
    if (!joined)
        abort();
    if (map)
        memcpy(joined, map->value, old_len);
    if (map)
        joined[old_len++] = ',';
    memcpy(joined + old_len, value, len);
    put(records, "\001map", 4, joined, old_len + len);
    free(joined);
    return true;
}

/* parsePAX() and parsePAXRecord() */
static bool parse_pax(struct records *records, const char *at, size_t left)
{
    static const char offset[] = "GNU.sparse.offset", numbytes[] = "GNU.sparse.numbytes";
    struct record *map;

    records_clear(records);
    while (left > 0) {
        const char *space = memchr(at, ' ', left), *equals, *key;
        int64_t len;
        size_t key_len, value_len;

        if (!space || !parse_int(at, (size_t)(space - at), &len) || len < 5 ||
            (uint64_t)len > left || space + 1 > at + len - 1 || at[len - 1] != '\n')
            return false;
        key = space + 1;
        equals = memchr(key, '=', (size_t)(at + len - 1 - key));
        if (!equals)
            return false;
        key_len = (size_t)(equals - key);
        value_len = (size_t)(at + len - 1 - (equals + 1));
        if (!is_valid(key, key_len, equals + 1, value_len))
            return false;
        if ((key_len == strlen(offset) && memcmp(key, offset, key_len) == 0) ||
            (key_len == strlen(numbytes) && memcmp(key, numbytes, key_len) == 0)) {
            if (!put_map(records, key_len == strlen(offset), equals + 1, value_len))
                return false;
        } else {
            put(records, key, key_len, equals + 1, value_len);
        }
        at += len;
        left -= (size_t)len;
    }
    map = find(records, "\001map");
    if (map)
        put(records, "GNU.sparse.map", strlen("GNU.sparse.map"), map->value, map->value_len);
    return true;
}

static void replace(char **text, const char *value)
{
    if (!value || !*value)
        return;
    free(*text);
    *text = text_of(value, strlen(value));
}

/* mergePAX() */
static bool merge(struct go_member *member, const struct records *records)
{
    static const char *const numbers[] = {"uid", "gid"};
    static const char *const times[] = {"atime", "mtime", "ctime"};
    const char *value;
    int64_t ignored;

    replace(&member->name, value_of(records, "path"));
    replace(&member->link, value_of(records, "linkpath"));
    for (size_t i = 0; i < 2; i++)
        if ((value = value_of(records, numbers[i])) && !parse_int(value, strlen(value), &ignored))
            return false;
    for (size_t i = 0; i < 3; i++)
        if ((value = value_of(records, times[i])) && !is_pax_time(value))
            return false;
    value = value_of(records, "size");
    return !value || parse_int(value, strlen(value), &member->size);
}

/* One region after the other: validateSparseEntries(), and that the content is all there is. */
struct map {
    int64_t size, end, data;
};

static bool add_region(struct map *map, int64_t offset, int64_t len)
{
    if (offset < 0 || len < 0 || offset > INT64_MAX - len || offset + len > map->size ||
        offset < map->end)
        return false;
    map->end = offset + len;
    map->data += len;
    return true;
}

/* readOldGNUSparseMap(); the blocks behind the header are read. */
static bool read_old_map(struct reader *reader, const uint8_t *h, struct go_member *member,
                         int64_t stored)
{
    const uint8_t *table = h + 386;
    size_t entries = 4;
    struct map map = {0};

    if (!parse_numeric(h + 483, 12, &map.size))
        return false;
    member->size = map.size;
    for (;;) {
        for (size_t i = 0; i < entries && table[24 * i]; i++) {
            int64_t offset, len;

            if (!parse_numeric(table + 24 * i, 12, &offset) ||
                !parse_numeric(table + 24 * i + 12, 12, &len) || !add_region(&map, offset, len))
                return false;
        }
        if (!table[24 * entries])
            return map.data == stored;
        if (reader->size - reader->at < BLOCK)
            return false;
        table = reader->data + reader->at;
        reader->at += BLOCK;
        entries = 21;
    }
}

/* A line with a number. */
static bool next_line(const uint8_t **at, const uint8_t *end, int64_t *number)
{
    const uint8_t *line = *at, *feed = memchr(line, '\n', (size_t)(end - line));

    if (!feed)
        return false;
    *at = feed + 1;
    return parse_int((const char *)line, (size_t)(feed - line), number);
}

/* readGNUSparseMap1x0(); the content begins behind it. */
static bool read_text_map(struct reader *reader, struct go_member *member, int64_t *stored)
{
    const uint8_t *begin = reader->data + reader->at, *at = begin, *end = begin + *stored;
    struct map map = {.size = member->size};
    int64_t count, text;

    if ((uint64_t)*stored > reader->size - reader->at || !next_line(&at, end, &count) ||
        count < 0 || count > INT64_MAX / 2)
        return false;
    while (count-- > 0) {
        int64_t offset, len;

        if (!next_line(&at, end, &offset) || !next_line(&at, end, &len) ||
            !add_region(&map, offset, len))
            return false;
    }
    text = (at - begin + BLOCK - 1) / BLOCK * BLOCK;
    if (text > *stored)
        return false;
    reader->at += (size_t)text;
    *stored -= text;
    return map.data == *stored;
}

/* readGNUSparseMap0x1() */
static bool read_list_map(const struct records *records, struct go_member *member, int64_t stored)
{
    const char *blocks = value_of(records, "GNU.sparse.numblocks");
    const char *list = value_of(records, "GNU.sparse.map");
    struct map map = {.size = member->size};
    int64_t count, numbers[2];

    if (!blocks || !parse_int(blocks, strlen(blocks), &count) || count < 0 || count > INT64_MAX / 2)
        return false;
    for (int64_t i = 0; i < 2 * count; i++) {
        size_t len = list ? strcspn(list, ",") : 0;

        if (!list || !parse_int(list, len, &numbers[i % 2]) ||
            (i % 2 && !add_region(&map, numbers[0], numbers[1])))
            return false;
        list = list[len] ? list + len + 1 : NULL;
    }
    return !list && map.data == stored;
}

/* readGNUSparsePAXHeaders() */
static bool read_pax_map(struct reader *reader, const struct records *records,
                         struct go_member *member, int64_t *stored)
{
    const char *major = value_of(records, "GNU.sparse.major");
    const char *minor = value_of(records, "GNU.sparse.minor");
    const char *size = value_of(records, "GNU.sparse.size");
    bool is_text = major && minor && strcmp(major, "1") == 0 && strcmp(minor, "0") == 0;
    bool is_list = major && minor && strcmp(major, "0") == 0 &&
                   (strcmp(minor, "0") == 0 || strcmp(minor, "1") == 0);

    if (!is_text && !is_list && (major || minor || !value_of(records, "GNU.sparse.map")))
        return true;
    replace(&member->name, value_of(records, "GNU.sparse.name"));
    if (!size)
        size = value_of(records, "GNU.sparse.realsize");
    if (size && !parse_int(size, strlen(size), &member->size))
        return false;
    member->sparse = true;
    if (!has_body(member->type))
        return false;
    return is_text ? read_text_map(reader, member, stored)
                   : read_list_map(records, member, *stored);
}

static void keep(struct go_tar *tar, struct go_member *member)
{
    tar->members = realloc(tar->members, (tar->count + 1) * sizeof *tar->members);
    if (!tar->members)
        abort();
    tar->members[tar->count++] = *member;
    member->name = member->link = NULL;
}

static bool skip(struct reader *reader, int64_t stored)
{
    size_t padding = (size_t)(-stored & (BLOCK - 1));

    if ((uint64_t)stored > reader->size - reader->at)
        return false;
    reader->at += (size_t)stored;
    /* A file may end within the padding. */
    reader->at += padding < reader->size - reader->at ? padding : reader->size - reader->at;
    return true;
}

/* What stands before members: the result of one, 1 if there is nothing to give yet. */
struct pending {
    struct records records;
    char *long_name, *long_link;
};

static bool take_special(struct reader *reader, struct pending *pending, struct go_member *member)
{
    const char *body = (const char *)reader->data + reader->at;
    char **text = member->type == 'L' ? &pending->long_name : &pending->long_link;
    size_t size = (size_t)member->size;

    if (member->size < 0 || size > SPECIAL_MAX || size > reader->size - reader->at)
        return false;
    if (member->type == 'x' || member->type == 'g') {
        if (!parse_pax(&pending->records, body, size))
            return false;
    } else {
        free(*text);
        *text = string_of((const uint8_t *)body, size);
    }
    return skip(reader, member->size);
}

/* A member that is not only there for the next one. */
static bool take_member(struct reader *reader, struct pending *pending, enum format format,
                        const uint8_t *h, struct go_member *member)
{
    int64_t stored;

    if ((member->size < 0 && has_body(member->type)) || !merge(member, &pending->records))
        return false;
    replace(&member->name, pending->long_name);
    replace(&member->link, pending->long_link);
    if (!member->type)
        member->type = *member->name && member->name[strlen(member->name) - 1] == '/' ? '5' : '0';
    if (member->size < 0 && has_body(member->type))
        return false;
    stored = has_body(member->type) ? member->size : 0;
    if (member->type == 'S') {
        member->sparse = true;
        if (format != GNU || !read_old_map(reader, h, member, stored))
            return false;
    } else if (!read_pax_map(reader, &pending->records, member, &stored)) {
        return false;
    }
    member->content = (int64_t)reader->at;
    return skip(reader, stored);
}

static void pending_done(struct pending *pending)
{
    records_clear(&pending->records);
    free(pending->long_name);
    free(pending->long_link);
    *pending = (struct pending){0};
}

/* One header: false at the end or where Go gives up; *is_good tells which. */
static bool read_next(struct go_tar *tar, struct reader *reader, struct pending *pending)
{
    const uint8_t *h = reader->data + reader->at;
    struct go_member member = {0};
    enum format format;
    bool is_good;

    if (reader->size - reader->at < BLOCK) {
        tar->is_good = reader->at == reader->size;
        return false;
    }
    reader->at += BLOCK;
    if (is_zero(h)) {
        tar->is_good = reader->at == reader->size ||
                       (reader->size - reader->at >= BLOCK && is_zero(h + BLOCK));
        return false;
    }
    is_good = read_header(h, &format, &member);
    if (is_good && member.type && strchr("xgLK", member.type))
        is_good = take_special(reader, pending, &member);
    else if (is_good)
        is_good = take_member(reader, pending, format, h, &member);
    if (is_good && (!member.type || !strchr("xLK", member.type))) {
        keep(tar, &member);
        pending_done(pending);
    }
    free(member.name);
    free(member.link);
    return is_good;
}

void go_tar_read(struct go_tar *tar, const uint8_t *data, size_t size)
{
    struct reader reader = {.data = data, .size = size};
    struct pending pending = {0};

    *tar = (struct go_tar){0};
    while (read_next(tar, &reader, &pending))
        ;
    pending_done(&pending);
}

void go_tar_done(struct go_tar *tar)
{
    for (size_t i = 0; i < tar->count; i++) {
        free(tar->members[i].name);
        free(tar->members[i].link);
    }
    free(tar->members);
    *tar = (struct go_tar){0};
}
