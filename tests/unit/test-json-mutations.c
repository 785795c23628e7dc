// SPDX-License-Identifier: Apache-2.0
/*
 * Real documents with a few changes each, always the same ones: what we accept of them Go reads to
 * the same values (tests/fuzz/documents.h), and what is plainly in order we accept.
 *
 * $CKPTOCI_JSON_MUTATIONS is how many documents are tried instead of those few.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../fuzz/documents.h"
#include "archive/walk.h"
#include "base/json.h"
#include "base/memory.h"
#include "stream/input.h"

enum {
    MUTATIONS = 20000, /* in a run of all tests */
    ORIGINALS_MAX = 32,
    PROFILE_MAX = 1024,
    CHANGES_MAX = 3,
};

struct original {
    enum document_kind kind;
    struct buffer text;
};
static struct original originals[ORIGINALS_MAX];
static size_t original_count;

/* Of which type the values are in the originals at one place: bits of enum go_type. */
struct profile_entry {
    enum document_kind kind;
    char *path; /* "mounts/source": the keys from the top, whatever lists are between them */
    unsigned types, element_types;
    char *texts[4]; /* JSON in texts, as it is in the originals */
};
static struct profile_entry profile[PROFILE_MAX];
static size_t profile_count;

static uint64_t random_state = 20261120;

/* xorshift64*; below `limit`. */
static size_t random_below(size_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return limit ? (size_t)((random_state * 0x2545f4914f6cdd1dULL) >> 33) % limit : 0;
}

static struct profile_entry *find_profile(enum document_kind kind, const char *path)
{
    for (size_t i = 0; i < profile_count; i++)
        if (profile[i].kind == kind && strcmp(profile[i].path, path) == 0)
            return &profile[i];
    return NULL;
}

/* Of the item in its array or object. The caller's. */
static char *path_of(const char *parent, const struct go_value *value, size_t i)
{
    return value->keys ? xasprintf("%s/%s", parent, value->keys[i].text) : xstrdup(parent);
}

static bool is_json_text(const struct go_value *value)
{
    return value->type == GO_STRING && (*value->text == '[' || *value->text == '{');
}

/* Where that text is or may be put; NULL: nowhere. */
static char **find_text(struct profile_entry *entry, const char *text)
{
    for (size_t i = 0; i < sizeof entry->texts / sizeof *entry->texts; i++)
        if (!entry->texts[i] || strcmp(entry->texts[i], text) == 0)
            return &entry->texts[i];
    return NULL;
}

static void add_text(struct profile_entry *entry, const char *text)
{
    char **place = find_text(entry, text);

    assert_non_null(place);
    if (place && !*place)
        *place = xstrdup(text);
}

static struct profile_entry *obtain_profile(enum document_kind kind, const char *path)
{
    struct profile_entry *entry = find_profile(kind, path);

    if (entry)
        return entry;
    assert_true(profile_count < PROFILE_MAX);
    profile[profile_count] = (struct profile_entry){.kind = kind, .path = xstrdup(path)};
    return &profile[profile_count++];
}

static void add_to_profile(enum document_kind kind, const char *parent,
                           const struct go_value *value)
{
    for (size_t i = 0; i < value->count; i++) {
        const struct go_value *item = &value->items[i];
        cleanup_free char *path = path_of(parent, value, i);
        struct profile_entry *entry;

        add_to_profile(kind, path, item);
        if (!value->keys)
            continue;
        entry = obtain_profile(kind, path);
        entry->types |= 1U << item->type;
        if (is_json_text(item))
            add_text(entry, item->text);
        for (size_t j = 0; item->type == GO_ARRAY && j < item->count; j++)
            entry->element_types |= 1U << item->items[j].type;
    }
}

static void add_original(enum document_kind kind, const struct buffer *text)
{
    struct go_oddities oddities;
    struct go_value *go;

    if (!text->data)
        return;
    assert_true(original_count < ORIGINALS_MAX);
    originals[original_count].kind = kind;
    buffer_init(&originals[original_count].text, METADATA_MAX_BYTES);
    buffer_append(&originals[original_count++].text, text->data, text->len);
    go = go_parse(text->data, text->len, &oddities);
    assert_non_null(go);
    add_to_profile(kind, "", go);
    go_free(go);
}

static void add_archive(const char *name)
{
    cleanup_free char *path = xasprintf("%s/%s", getenv("TEST_DATA"), name);
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    cleanup(source_freep) struct source *source = NULL;
    cleanup(findings_done) struct findings findings = {0};
    cleanup(walk_done) struct walk walk = {0};
    struct error error = {0};
    struct input *input;

    assert_int_equal(input_open(&input, path, cancel, &error), 0);
    source = input_source_new(input, cancel);
    assert_int_equal(walk_archive(&walk, source, NULL, &findings, &error), 0);
    add_original(DOCUMENT_SPEC, &walk.spec_dump);
    add_original(DOCUMENT_CONFIG, &walk.config_dump);
    add_original(DOCUMENT_STATUS, &walk.status_dump);
    add_original(DOCUMENT_BIND_MOUNTS, &walk.bind_mounts);
}

static int set_up(void **state)
{
    static const char networks[] =
        "{\"podman\":{\"interfaces\":{\"eth0\":{\"subnets\":[{\"ipnet\":\"10.88.0.9/16\","
        "\"gateway\":\"10.88.0.1\"}],\"mac_address\":\"92:1d:a2:f3:5e:01\"}}}}";
    cleanup(buffer_done) struct buffer network = {0};

    (void)state;
    add_archive("crio-1.36-shop.tar");
    add_archive("crio-1.26-counter.tar");
    add_archive("containerd-2.3-counter.tar");
    add_archive("podman-4.3-counter.tar");
    buffer_init(&network, sizeof networks);
    buffer_append(&network, networks, strlen(networks));
    add_original(DOCUMENT_NETWORK, &network);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < original_count; i++)
        buffer_done(&originals[i].text);
    for (size_t i = 0; i < profile_count; i++) {
        free(profile[i].path);
        for (size_t j = 0; j < sizeof profile[i].texts / sizeof *profile[i].texts; j++)
            free(profile[i].texts[j]);
    }
    return 0;
}

/* The changes. Each puts `len` bytes in place of `gone` at `at`. */

static void replace(struct buffer *text, size_t at, size_t gone, const char *bytes, size_t len)
{
    cleanup_free char *rest = xcalloc(text->len + 1, 1);
    size_t rest_len = text->len - at - gone;

    memcpy(rest, text->data + at + gone, rest_len);
    text->len = at;
    assert_int_equal(buffer_append(text, bytes, len), 0);
    assert_int_equal(buffer_append(text, rest, rest_len), 0);
}

/* A place behind a random one where a key begins; its length. 0: there is none. */
static size_t find_key(const struct buffer *text, size_t *at)
{
    for (size_t i = random_below(text->len); i + 1 < text->len; i++) {
        size_t len;

        if (text->data[i] != '"' || !strchr("{, \n", i ? text->data[i - 1] : '{'))
            continue;
        len = strcspn(text->data + i + 1, "\"\\");
        if (i + len + 2 < text->len && text->data[i + len + 1] == '"' &&
            text->data[i + len + 2] == ':') {
            *at = i + 1;
            return len;
        }
    }
    return 0;
}

/* One letter of a key as Go takes for the same. */
static void respell(struct buffer *text)
{
    size_t at, len = find_key(text, &at);
    char letter[4] = "";

    if (len == 0)
        return;
    at += random_below(len);
    letter[0] = text->data[at];
    if (random_below(2) && (*letter | 32) == 's')
        strcpy(letter, "\u017f");
    else if (random_below(2) && (*letter | 32) == 'k')
        strcpy(letter, "\u212a");
    else if ((*letter | 32) >= 'a' && (*letter | 32) <= 'z')
        letter[0] ^= 32;
    replace(text, at, 1, letter, strlen(letter));
}

/* A key that is there is put before or behind another one, with a value of any kind. */
static void add_member(struct buffer *text)
{
    static const char *const values[] = {
        "\"/etc/passwd\"",      "null", "[]",          "{}", "[\"/\"]", "0",   "-0",
        "18446744073709551615", "1e2",  "[{\"a\":1}]", "1",  "true",    "\"\""};
    size_t from, to, len = find_key(text, &from);
    const char *value = values[random_below(sizeof values / sizeof *values)];
    cleanup_free char *member = NULL;

    if (len == 0 || find_key(text, &to) == 0)
        return;
    member = xasprintf("\"%.*s\":%s,", (int)len, text->data + from, value);
    replace(text, to - 1, 0, member, strlen(member));
}

static void copy_piece(struct buffer *text)
{
    size_t from = random_below(text->len), len = random_below(40), to = random_below(text->len);
    cleanup_free char *piece = NULL;

    if (from + len > text->len)
        len = text->len - from;
    piece = xstrndup(text->data + from, len);
    replace(text, to, random_below(2) && to + len <= text->len ? len : 0, piece, strlen(piece));
}

/* Into a text or between values, as it comes. */
static void insert(struct buffer *text)
{
    static const char *const pieces[] = {"\\u0000",
                                         "\\ud800",
                                         "\\udc00\\ud800",
                                         "\\ud83d\\ude00",
                                         "\\u017f",
                                         "\\u0053",
                                         "\xef\xbb\xbf",
                                         "\xff",
                                         "\xed\xa0\x80",
                                         "\xc5\xbf",
                                         "\xe2\x84\xaa",
                                         "\\",
                                         "\"",
                                         ",",
                                         ":",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         " ",
                                         "\t",
                                         "\v",
                                         "//",
                                         "/**/",
                                         "1e400",
                                         "-",
                                         "0",
                                         "9223372036854775808",
                                         "18446744073709551615",
                                         "1.0",
                                         "null",
                                         "NaN",
                                         "true",
                                         "\x7f",
                                         "\x01",
                                         "[[[[[[[["};
    const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];
    size_t at = random_below(text->len);

    /* Often the start of a text, where it stays JSON. */
    if (random_below(2)) {
        const char *quote = memchr(text->data + at, '"', text->len - at);

        at = quote ? (size_t)(quote - text->data) + 1 : at;
    }
    replace(text, at, random_below(4) == 0 && at < text->len, piece, strlen(piece));
}

static void flip(struct buffer *text)
{
    text->data[random_below(text->len)] ^= (char)(1 << random_below(8));
}

static void mutate(struct buffer *text)
{
    static void (*const changes[])(struct buffer * text) = {respell,    respell, add_member,
                                                            add_member, insert,  copy_piece,
                                                            flip};

    for (size_t count = 1 + random_below(CHANGES_MAX); count > 0 && text->len > 0; count--)
        changes[random_below(sizeof changes / sizeof *changes)](text);
}

/* What is plainly in order: keys and types as in the originals, JSON in a text unchanged. */

/* One that nobody knows, in a structure. */
static bool is_plain_key(enum document_kind kind, const char *parent, const struct go_value *key)
{
    if (*parent || kind == DOCUMENT_BIND_MOUNTS || kind == DOCUMENT_NETWORK)
        return false;
    for (size_t i = 0; i < key->len; i++)
        if ((unsigned char)key->text[i] >= 0x7f || (key->text[i] >= 'A' && key->text[i] <= 'Z'))
            return false;
    for (size_t i = 0; i < profile_count; i++)
        if (profile[i].kind == kind && go_folds_alike(key, strrchr(profile[i].path, '/') + 1))
            return false;
    return true;
}

/* Of the one type that it is of in the originals. */
static bool is_usual(unsigned types, const struct go_value *value)
{
    return value->type == GO_NULL || types == 1U << value->type;
}

static bool is_plain_member(enum document_kind kind, const char *parent,
                            const struct go_value *object, size_t i)
{
    const struct go_value *value = &object->items[i];
    cleanup_free char *path = path_of(parent, object, i);
    struct profile_entry *entry = find_profile(kind, path);
    char **text;

    for (size_t j = 0; j < i; j++)
        if (go_folds_alike(&object->keys[j], object->keys[i].text))
            return false;
    if (!entry)
        return is_plain_key(kind, parent, &object->keys[i]);
    if (!is_usual(entry->types, value))
        return false;
    for (size_t j = 0; value->type == GO_ARRAY && j < value->count; j++)
        if (!is_usual(entry->element_types, &value->items[j]))
            return false;
    if (value->type != GO_STRING || !entry->texts[0])
        return true;
    text = find_text(entry, value->text);
    return text && *text;
}

static bool is_plain(enum document_kind kind, const char *parent, const struct go_value *value)
{
    for (size_t i = 0; i < value->count; i++) {
        cleanup_free char *path = path_of(parent, value, i);

        if (!is_plain(kind, path, &value->items[i]) ||
            (value->keys && !is_plain_member(kind, parent, value, i)))
            return false;
    }
    return true;
}

/* An object, or of bind.mounts a list of such. */
static bool is_plain_top(enum document_kind kind, const struct go_value *top)
{
    if (kind != DOCUMENT_BIND_MOUNTS)
        return top->type == GO_OBJECT;
    for (size_t i = 0; i < top->count; i++)
        if (top->items[i].type != GO_OBJECT)
            return false;
    return top->type == GO_ARRAY;
}

static bool must_be_accepted(enum document_kind kind, const char *bytes, size_t len)
{
    struct go_oddities oddities;
    struct go_value *go = go_parse(bytes, len, &oddities);
    bool plain = go && !oddities.nul && !oddities.replaced && !oddities.fraction &&
                 oddities.depth <= JSON_GO_MAX_DEPTH && is_plain_top(kind, go) &&
                 is_plain(kind, "", go);

    go_free(go);
    return plain;
}

static void test_mutations(void **state)
{
    const char *wanted = getenv("CKPTOCI_JSON_MUTATIONS");
    long count = wanted ? strtol(wanted, NULL, 10) : MUTATIONS;
    long accepted = 0, plain = 0;

    (void)state;
    for (long i = 0; i < count; i++) {
        const struct original *original = &originals[random_below(original_count)];
        cleanup(buffer_done) struct buffer text = {0};
        enum document_verdict verdict;

        buffer_init(&text, METADATA_MAX_BYTES);
        buffer_append(&text, original->text.data, original->text.len);
        if (i >= (long)original_count)
            mutate(&text);
        verdict = documents_compare(original->kind, text.data, text.len);
        accepted += verdict == DOCUMENT_ACCEPTED;
        if (!must_be_accepted(original->kind, text.data, text.len))
            continue;
        plain++;
        if (verdict != DOCUMENT_ACCEPTED)
            fail_msg("document %ld is in order and refused: %.*s", i, (int)text.len, text.data);
    }
    print_message("%ld documents: %ld accepted, %ld of them plainly in order, no difference\n",
                  count, accepted, plain);
    assert_in_range(accepted, count / 20, count);
    assert_true(plain > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutations),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
