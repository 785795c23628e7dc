// SPDX-License-Identifier: Apache-2.0
#include "go-json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GO_MAX_DEPTH = 10000, GO_REPLACEMENT = 0xfffd };

struct reader {
    const unsigned char *at, *end;
    struct go_oddities *oddities;
    size_t depth;
};

static int peek(const struct reader *reader)
{
    return reader->at < reader->end ? *reader->at : -1;
}

static void skip_space(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\r' ||
           peek(reader) == '\n')
        reader->at++;
}

static bool take(struct reader *reader, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
        return false;
    reader->at += len;
    return true;
}

static size_t digits(struct reader *reader)
{
    const unsigned char *start = reader->at;

    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return (size_t)(reader->at - start);
}

static bool read_number(struct reader *reader, struct go_value *value)
{
    const unsigned char *start = reader->at;

    value->type = GO_NUMBER;
    take(reader, "-");
    if (!take(reader, "0") && digits(reader) == 0)
        return false;
    if (reader->at - start > 300)
        reader->oddities->fraction = true;
    if (take(reader, ".")) {
        reader->oddities->fraction = true;
        if (digits(reader) == 0)
            return false;
    }
    if (take(reader, "e") || take(reader, "E")) {
        reader->oddities->fraction = true;
        if (!take(reader, "+"))
            take(reader, "-");
        if (digits(reader) == 0)
            return false;
    }
    value->len = (size_t)(reader->at - start);
    value->text = strndup((const char *)start, value->len);
    return true;
}

static int hex4(const unsigned char *at, const unsigned char *end)
{
    int value = 0;

    for (int i = 0; i < 4; i++, at++) {
        if (at >= end)
            return -1;
        if (*at >= '0' && *at <= '9')
            value = value * 16 + *at - '0';
        else if ((*at | 32) >= 'a' && (*at | 32) <= 'f')
            value = value * 16 + (*at | 32) - 'a' + 10;
        else
            return -1;
    }
    return value;
}

static size_t encode(char *to, uint32_t rune)
{
    if (rune < 0x80) {
        to[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        to[0] = (char)(0xc0 | rune >> 6);
        to[1] = (char)(0x80 | (rune & 63));
        return 2;
    }
    if (rune < 0x10000) {
        to[0] = (char)(0xe0 | rune >> 12);
        to[1] = (char)(0x80 | (rune >> 6 & 63));
        to[2] = (char)(0x80 | (rune & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | rune >> 18);
    to[1] = (char)(0x80 | (rune >> 12 & 63));
    to[2] = (char)(0x80 | (rune >> 6 & 63));
    to[3] = (char)(0x80 | (rune & 63));
    return 4;
}

/* The length of the character; 0: it is none, and one byte becomes U+FFFD. */
static size_t utf8_len(const unsigned char *at, const unsigned char *end)
{
    size_t len = *at < 0x80                  ? 1
                 : *at >= 0xc2 && *at < 0xe0 ? 2
                 : *at >= 0xe0 && *at < 0xf0 ? 3
                 : *at >= 0xf0 && *at < 0xf5 ? 4
                                             : 0;

    if (len == 0 || (size_t)(end - at) < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
        (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
        return 0;
    return len;
}

/* Behind "\u". */
static bool read_unicode(struct reader *reader, struct go_value *value)
{
    int first = hex4(reader->at, reader->end), second;
    uint32_t rune = (uint32_t)first;

    if (first < 0)
        return false;
    reader->at += 4;
    if (first >= 0xd800 && first < 0xe000) {
        second = -1;
        if (first < 0xdc00 && reader->end - reader->at >= 2 && reader->at[0] == '\\' &&
            reader->at[1] == 'u')
            second = hex4(reader->at + 2, reader->end);
        if (second >= 0xdc00 && second < 0xe000) {
            reader->at += 6;
            rune = 0x10000 + (((uint32_t)first & 0x3ff) << 10) + ((uint32_t)second & 0x3ff);
        } else {
            rune = GO_REPLACEMENT;
            reader->oddities->replaced = true;
        }
    }
    value->len += encode(value->text + value->len, rune);
    reader->oddities->nul |= rune == 0;
    return true;
}

static bool read_escape(struct reader *reader, struct go_value *value)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;
    int c = peek(reader);

    reader->at++;
    if (c == 'u')
        return read_unicode(reader, value);
    found = c > 0 ? strchr(names, c) : NULL;
    if (!found)
        return false;
    value->text[value->len++] = meanings[found - names];
    return true;
}

static bool read_string(struct reader *reader, struct go_value *value)
{
    const unsigned char *close;

    value->type = GO_STRING;
    if (!take(reader, "\""))
        return false;
    close = reader->at;
    while (close < reader->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    /* Each byte becomes three at the most. */
    value->text = calloc((size_t)(close - reader->at) * 3 + 8, 1);
    for (int c; (c = peek(reader)) != '"';) {
        size_t len;

        if (c < ' ')
            return false;
        if (take(reader, "\\")) {
            if (!read_escape(reader, value))
                return false;
            continue;
        }
        len = utf8_len(reader->at, reader->end);
        if (len == 0) {
            value->len += encode(value->text + value->len, GO_REPLACEMENT);
            reader->oddities->replaced = true;
            reader->at++;
        } else {
            memcpy(value->text + value->len, reader->at, len);
            value->len += len;
            reader->at += len;
        }
    }
    reader->at++;
    return true;
}

static bool read_value(struct reader *reader, struct go_value *value);

static struct go_value *append(struct go_value **list, size_t count)
{
    if ((count & (count - 1)) == 0)
        *list = realloc(*list, (count ? 2 * count : 1) * sizeof **list);
    memset(*list + count, 0, sizeof **list);
    return *list + count;
}

/* An array or object, behind its bracket. */
static bool read_items(struct reader *reader, struct go_value *value, const char *close)
{
    bool is_object = value->type == GO_OBJECT;

    skip_space(reader);
    if (take(reader, close))
        return true;
    for (;;) {
        struct go_value *key = is_object ? append(&value->keys, value->count) : NULL;
        struct go_value *item = append(&value->items, value->count);

        value->count++;
        skip_space(reader);
        if (is_object) {
            reader->oddities->values++;
            if (!read_string(reader, key))
                return false;
            skip_space(reader);
            if (!take(reader, ":"))
                return false;
        }
        if (!read_value(reader, item))
            return false;
        skip_space(reader);
        if (take(reader, close))
            return true;
        if (!take(reader, ","))
            return false;
    }
}

static bool read_value(struct reader *reader, struct go_value *value)
{
    bool is_object, good;

    skip_space(reader);
    reader->oddities->values++;
    if (peek(reader) == '"')
        return read_string(reader, value);
    if (take(reader, "null"))
        return true;
    value->type = GO_BOOL;
    value->truth = peek(reader) == 't';
    if (take(reader, "true") || take(reader, "false"))
        return true;
    is_object = peek(reader) == '{';
    if (!is_object && peek(reader) != '[')
        return read_number(reader, value);
    value->type = is_object ? GO_OBJECT : GO_ARRAY;
    reader->at++;
    if (++reader->depth > GO_MAX_DEPTH)
        return false;
    if (reader->depth > reader->oddities->depth)
        reader->oddities->depth = reader->depth;
    good = read_items(reader, value, is_object ? "}" : "]");
    reader->depth--;
    return good;
}

struct go_value *go_parse(const char *bytes, size_t len, struct go_oddities *oddities)
{
    const unsigned char *start = (const unsigned char *)bytes;
    struct reader reader = {.at = start, .end = start + len, .oddities = oddities};
    struct go_value *value = calloc(1, sizeof *value);

    *oddities = (struct go_oddities){0};
    if (read_value(&reader, value)) {
        skip_space(&reader);
        if (reader.at == reader.end)
            return value;
    }
    go_free(value);
    return NULL;
}

static void release(struct go_value *value)
{
    for (size_t i = 0; i < value->count; i++) {
        release(&value->items[i]);
        if (value->keys)
            release(&value->keys[i]);
    }
    free(value->items);
    free(value->keys);
    free(value->text);
}

void go_free(struct go_value *value)
{
    if (!value)
        return;
    release(value);
    free(value);
}

/* unicode.SimpleFold knows two characters beyond ASCII that fold to a letter of it. */
bool go_folds_alike(const struct go_value *key, const char *name)
{
    const unsigned char *at = (const unsigned char *)key->text, *end = at + key->len;

    for (; *name; name++) {
        unsigned char lower = (unsigned char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);

        if (at == end)
            return false;
        if (*at == lower || (*at >= 'A' && *at <= 'Z' && *at + 32 == lower)) {
            at++;
        } else if (lower == 's' && end - at >= 2 && at[0] == 0xc5 && at[1] == 0xbf) {
            at += 2;
        } else if (lower == 'k' && end - at >= 3 && at[0] == 0xe2 && at[1] == 0x84 &&
                   at[2] == 0xaa) {
            at += 3;
        } else {
            return false;
        }
    }
    return at == end;
}

const struct go_value *go_field(const struct go_value *object, const char *name)
{
    for (size_t i = object->type == GO_OBJECT ? object->count : 0; i > 0; i--)
        if (go_folds_alike(&object->keys[i - 1], name))
            return &object->items[i - 1];
    return NULL;
}

const struct go_value *go_entry(const struct go_value *object, const struct go_value *key)
{
    for (size_t i = object->type == GO_OBJECT ? object->count : 0; i > 0; i--)
        if (object->keys[i - 1].len == key->len &&
            memcmp(object->keys[i - 1].text, key->text, key->len) == 0)
            return &object->items[i - 1];
    return NULL;
}
