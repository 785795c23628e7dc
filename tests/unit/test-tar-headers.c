// SPDX-License-Identifier: Apache-2.0
/*
 * Which headers of a tar are read, and as what: as Go's archive/tar reads them, or not at all. The
 * last test changes small tars at random; CKPTOCI_TAR_MUTATIONS in the environment says how often,
 * and what came of it is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <locale.h>

#include <cmocka.h>

#include "../fuzz/compare-tars.h"
#include "../fuzz/made-tars.h"

enum { DEFAULT_MUTATIONS = 5000 };

/* `wanted` NULL: it must be refused. */
static void expect(const struct made_tar *tar, const char *what, const char *wanted)
{
    cleanup_free char *why = NULL, *again_why = NULL;
    cleanup_free char *ours = tar_members(tar->bytes, tar->len, tar->len, &why);
    cleanup_free char *pieces = tar_members(tar->bytes, tar->len, 331, &again_why);
    cleanup_free char *go = go_members(tar->bytes, tar->len);

    if (!ours != !wanted || (wanted && strcmp(ours, wanted) != 0))
        fail_msg("%s: %s", what, ours ? ours : why);
    if (!ours != !pieces || (ours && strcmp(ours, pieces) != 0))
        fail_msg("%s, in pieces: %s", what, pieces ? pieces : again_why);
    if (wanted && (!go || strcmp(go, wanted) != 0))
        fail_msg("%s, by Go's rules: %s", what, go ? go : "an error");
}

/* One header with some bytes of it changed. */
struct change {
    enum made_magic magic;
    char type;
    size_t at;
    const char *bytes;
    size_t len;
    const char *wanted; /* NULL: refused */
};
#define BYTES(text) text, sizeof(text) - 1

static const struct change changes[] = {
    /* Magics. */
    {MADE_USTAR, '0', 257, BYTES("ustar\00000"), "0 0644 0 512 a 0,0\n"},
    {MADE_GNU, '0', 257, BYTES("ustar  \0"), "0 0644 0 512 a 0,0\n"},
    {MADE_V7, '0', 257, BYTES("\0\0\0\0\0\0\0\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 257, BYTES("ustar\0\0\0"), NULL},
    {MADE_USTAR, '0', 257, BYTES("ustar 00"), NULL},
    {MADE_USTAR, '0', 257, BYTES("ustar   "), NULL},
    {MADE_V7, '0', 329, BYTES("0000000\0000000000"), "0 0644 0 512 a 0,0\n"},
    {MADE_V7, '3', 329, BYTES("0000000\0000000001"), NULL},
    {MADE_V7, '0', 300, BYTES("x"), NULL},
    {MADE_V7, '0', 345, BYTES("srv"), NULL},
    /* What stands where ustar has its prefix. */
    {MADE_USTAR, '0', 345, BYTES("srv"), "0 0644 0 512 srv/a 0,0\n"},
    {MADE_USTAR, '0', 345, BYTES("srv/"), NULL},
    {MADE_USTAR, '0', 500, BYTES("x"), NULL},
    {MADE_USTAR, '0', 508, BYTES("tar\0"), NULL},
    {MADE_GNU, '0', 345, BYTES("srv"), NULL},
    {MADE_GNU, '0', 345, BYTES("14524770400\00014524770400\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_GNU, '0', 345, BYTES("\x80\0\0\0\0\0\0\0\0\0\0\1"), "0 0644 0 512 a 0,0\n"},
    {MADE_GNU, '0', 345, BYTES("\000srv"), NULL},
    {MADE_GNU, '0', 369, BYTES("0"), NULL},
    {MADE_GNU, '0', 386, BYTES("00000000000\00000000000000"), NULL},
    {MADE_GNU, '0', 483, BYTES("00000000001"), NULL},
    {MADE_GNU, '0', 495, BYTES("x"), NULL},
    /* Types. */
    {MADE_USTAR, '\0', 156, BYTES("\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '5', 0, BYTES("d/"), "5 0644 0 512 d/ 0,0\n"},
    {MADE_USTAR, '\0', 0, BYTES("d/"), "5 0644 0 512 d/ 0,0\n"},
    {MADE_V7, '\0', 0, BYTES("d/"), "5 0644 0 512 d/ 0,0\n"},
    {MADE_USTAR, '0', 0, BYTES("d/"), NULL},
    {MADE_USTAR, '2', 0, BYTES("d/"), NULL},
    {MADE_USTAR, '6', 0, BYTES("d/"), NULL},
    {MADE_USTAR, '7', 156, BYTES("7"), NULL},
    {MADE_USTAR, 'S', 156, BYTES("S"), NULL},
    {MADE_GNU, 'S', 156, BYTES("S"), NULL},
    {MADE_GNU, 'D', 156, BYTES("D"), NULL},
    {MADE_GNU, 'V', 156, BYTES("V"), NULL},
    {MADE_GNU, 'M', 156, BYTES("M"), NULL},
    {MADE_USTAR, 'X', 156, BYTES("X"), NULL},
    {MADE_USTAR, 'A', 156, BYTES("A"), NULL},
    {MADE_USTAR, '1', 157, BYTES("b"), "1 0644 0 512 a -> b 0,0\n"},
    {MADE_USTAR, '2', 157, BYTES("../b"), "2 0644 0 512 a -> ../b 0,0\n"},
    {MADE_USTAR, '1', 124, BYTES("00000001000"), NULL},
    {MADE_USTAR, '5', 124, BYTES("00000001000"), NULL},
    /* Numbers. */
    {MADE_USTAR, '0', 124, BYTES("          0 "), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 124, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 124, BYTES("\x80\0\0\0\0\0\0\0\0\0\0\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 124, BYTES("\00000000000"), NULL},
    {MADE_USTAR, '0', 124, BYTES("\t0000000000"), NULL},
    {MADE_USTAR, '0', 124, BYTES("0000\0000007"), NULL},
    {MADE_USTAR, '0', 124, BYTES("-0000000000"), NULL},
    {MADE_USTAR, '0', 124, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), NULL},
    {MADE_USTAR, '0', 124, BYTES("\x81\0\0\0\0\0\0\0\0\0\0\0"), NULL},
    {MADE_USTAR, '0', 124, BYTES("\x80\0\0\0\x80\0\0\0\0\0\0\0"), NULL},
    {MADE_USTAR, '0', 136, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
     "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 108, BYTES("\x80\0\0\0\xb2\xd0\x5e\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 108, BYTES("\x80\0\0\1\0\0\0\0"), NULL},
    {MADE_USTAR, '0', 108, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), NULL},
    {MADE_USTAR, '0', 100, BYTES("0100644\0"), "0 0644 0 512 a 0,0\n"},
    {MADE_USTAR, '0', 100, BYTES("0040755\0"), NULL},
    {MADE_USTAR, '0', 100, BYTES("1000644\0"), NULL},
    {MADE_USTAR, '5', 100, BYTES("0041777\0"), "5 1777 0 512 a 0,0\n"},
    {MADE_USTAR, '3', 329, BYTES("0000001\0000000003"), "3 0644 0 512 a 1,3\n"},
    {MADE_USTAR, '4', 329, BYTES("0007777\0003777777"), "4 0644 0 512 a 4095,1048575\n"},
    {MADE_USTAR, '3', 329, BYTES("0010001\0000000001"), NULL},
    {MADE_USTAR, '3', 337, BYTES("4000003\0"), NULL},
    {MADE_USTAR, '0', 329, BYTES("x"), NULL},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *change = &changes[i];
        cleanup_free char *what = xasprintf("row %zu, at %zu", i, change->at);
        struct made_tar tar = {.len = 0};
        uint8_t *header = made_header(&tar, change->magic, change->type, "a", 0);

        if (change->type == '1' || change->type == '2')
            made_set(header, 157, "b", 1);
        made_set(header, change->at, change->bytes, change->len);
        made_end(&tar);
        expect(&tar, what, change->wanted);
    }
}

/* A header of type `kind` in front of an empty file "a", or of another type. */
struct extended {
    char kind, type;
    const char *content; /* records as made_pax() takes them, or a long name */
    const char *wanted;
};

static const struct extended extended[] = {
    {'x', '0', "mtime=1700000000.25\0atime=-1\0ctime=5.\0", "0 0644 0 1536 a 0,0\n"},
    {'x', '0', "mtime=1e9\0", NULL},
    {'x', '0', "mtime=.5\0", NULL},
    {'x', '0', "mtime=99999999999999999999\0", NULL},
    {'x', '0', "path=a\0", "0 0644 0 1536 a 0,0\n"},
    {'x', '0', "path=b\0", NULL},
    {'x', '0', "path=\0", NULL},
    {'x', '0', "size=0\0", "0 0644 0 1536 a 0,0\n"},
    {'x', '0', "size=512\0", NULL},
    {'x', '0', "size=-1\0", NULL},
    {'x', '0', "size=+0\0", NULL},
    {'x', '0', "uid=4294967295\0gid=0\0uname=a\0gname=b\0", "0 0644 0 1536 a 0,0\n"},
    {'x', '0', "uid=4294967296\0", NULL},
    {'x', '0', "uid=1\0uid=1\0", NULL},
    {'x', '0', "comment=x\0", "0 0644 0 1536 a 0,0\n"},
    {'x', '0', "SCHILY.xattr.user.a=\0SCHILY.xattr.user.b=x\0", "0 0644 0 1536 a 0,0\n"},
    {'x', '0', "SCHILY.xattr.user.a=1\0SCHILY.xattr.user.a=1\0", NULL},
    {'x', '0', "SCHILY.xattr.=1\0", NULL},
    {'x', '0', "SCHILY.devmajor=1\0", NULL},
    {'x', '0', "SCHILY.realsize=1\0", NULL},
    {'x', '0', "SCHILY.acl.access=user::rwx\0", NULL},
    {'x', '0', "LIBARCHIVE.xattr.user.a=eA\0", NULL},
    {'x', '0', "RHT.security.selinux=x\0", NULL},
    {'x', '0', "SUN.holesdata= 0 1\0", NULL},
    {'x', '0', "hdrcharset=BINARY\0", NULL},
    {'x', '0', "GNU.sparse.major=1\0GNU.sparse.minor=0\0", NULL},
    {'x', '0', "GNU.sparse.map=0,0\0GNU.sparse.numblocks=1\0GNU.sparse.size=0\0", NULL},
    {'x', '0', "linkpath=b\0", NULL},
    {'x', '2', "linkpath=b\0", "2 0644 0 1536 a -> b 0,0\n"},
    {'x', '2', "linkpath=c\0", NULL},
    {'L', '0', "a", "0 0644 0 1536 a 0,0\n"},
    {'L', '0', "b", NULL},
    {'K', '1', "b", "1 0644 0 1536 a -> b 0,0\n"},
    {'K', '0', "b", NULL},
    {'g', '0', "comment=x\0", "0 0644 0 1536 a 0,0\n"},
    {'g', '0', "mtime=1\0", NULL},
    {'g', '0', "path=b\0", NULL},
    {'g', '0', "hdrcharset=BINARY\0", NULL},
};

static void add_extension(struct made_tar *tar, char kind, const char *content)
{
    if (kind == 'x' || kind == 'g') {
        made_pax(tar, kind, content);
    } else {
        made_header(tar, MADE_GNU, kind, "././@LongLink", strlen(content) + 1);
        made_content(tar, content, strlen(content) + 1);
    }
}

static void add_member(struct made_tar *tar, char type)
{
    uint8_t *header = made_header(tar, MADE_USTAR, type, "a", 0);

    if (type == '1' || type == '2')
        made_set(header, 157, "b", 1);
}

static void test_extended_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof extended / sizeof *extended; i++) {
        struct made_tar tar = {.len = 0};

        add_extension(&tar, extended[i].kind, extended[i].content);
        add_member(&tar, extended[i].type);
        made_end(&tar);
        expect(&tar, extended[i].content, extended[i].wanted);
    }
}

static void test_order_of_extended_headers(void **state)
{
    static const struct {
        const char *kinds; /* m: a member */
        const char *wanted;
    } orders[] = {
        {"KLl", "2 0644 0 2560 a -> b 0,0\n"},
        {"LKl", "2 0644 0 2560 a -> b 0,0\n"},
        {"gxm", "0 0644 0 2560 a 0,0\n"},
        {"xgm", NULL},
        {"mgm", NULL},
        {"ggm", NULL},
        {"xxm", NULL},
        {"LLm", NULL},
        {"xLm", NULL},
        {"Lxm", NULL},
        {"Lgm", NULL},
        {"xKl", NULL},
        {"mx", NULL},
        {"x", NULL},
        {"L", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct made_tar tar = {.len = 0};

        for (const char *kind = orders[i].kinds; *kind; kind++) {
            if (*kind == 'm' || *kind == 'l')
                add_member(&tar, *kind == 'm' ? '0' : '2');
            else
                add_extension(&tar, *kind,
                              *kind == 'x'   ? "mtime=1\0"
                              : *kind == 'g' ? "comment=x\0"
                              : *kind == 'L' ? "a"
                                             : "b");
        }
        made_end(&tar);
        expect(&tar, orders[i].kinds, orders[i].wanted);
    }
}

/* PAX records as they stand. */
static void test_records(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool is_good;
    } rows[] = {
        {BYTES("11 mtime=1\n"), true},
        {BYTES("011 mtime=1\n"), false},
        {BYTES("012 mtime=1\n"), true},
        {BYTES("+11 mtime=1\n"), false},
        {BYTES("11 mtime=1\0"), false},
        {BYTES("10 mtime=1\n"), false},
        {BYTES("99 mtime=1\n"), false},
        {BYTES("11\tmtime=1\n"), false},
        {BYTES("10 mtime1\n"), false},
        {BYTES("6 =12\n"), false},
        {BYTES("11 mtime=1\n\0"), false},
        {BYTES("11 mtime=1\n "), false},
        {BYTES("13 path=a\0bc\n"), false},
        {BYTES("13 uname=a\0b\n"), false},
        {BYTES("23 SCHILY.xattr.a\0b=12\n"), false},
        {BYTES("23 SCHILY.xattr.ab=1\0\0\n"), true},
        {BYTES(""), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made_tar tar = {.len = 0};

        made_header(&tar, MADE_USTAR, 'x', "PaxHeaders/x", rows[i].len);
        if (rows[i].len)
            made_content(&tar, rows[i].bytes, rows[i].len);
        add_member(&tar, '0');
        made_end(&tar);
        expect(&tar, rows[i].bytes, rows[i].is_good ? "0 0644 0 1536 a 0,0\n" : NULL);
    }
}

/* What a header's own field cannot hold, writers put into it in several ways. */
static void test_names_that_do_not_fit(void **state)
{
    static const struct {
        const char *path, *own;
        bool is_good;
    } rows[] = {
        {"\xc3\xbc", "\xc3\xbc", true},
        {"\xc3\xbc", "", true},
        {"\xc3\xbc", "?", true},
        {"a\xc3\xbc/b", "a/b", true},
        {"a\xc3\xbc/b", "a?/b", true},
        {"a\xc3\xbc/b", "a/c", false},
        {"\xc3\xbc", "spec.dump", false},
        {"\xfc", "\xfc", true},
        {"ab", "a", false},
        {"a", "ab", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cleanup_free char *wanted = xasprintf("0 0644 0 1536 %s 0,0\n", rows[i].path);
        char records[64] = {0};
        struct made_tar tar = {.len = 0};

        snprintf(records, sizeof records - 1, "path=%s", rows[i].path);
        made_pax(&tar, 'x', records);
        made_header(&tar, MADE_USTAR, '0', rows[i].own, 0);
        made_end(&tar);
        expect(&tar, rows[i].own, rows[i].is_good ? wanted : NULL);
    }
}

/* GNU tar's own map: two regions of which the first fills its blocks. */
static void test_map_in_the_header(void **state)
{
    static const struct {
        size_t at, len;
        const char *bytes;
        bool is_good;
    } rows[] = {
        {0, 1, "h", true},
        {386, 12, "00000020000", false}, /* not in order */
        {398, 12, "00000000777", false}, /* less than is stored */
        {398, 12, "00000002000", false}, /* more */
        {398, 12, "\0", false},
        {434, 12, "00000010004", false}, /* a third one, of no length that is told */
        {482, 1, "\1", false},           /* more to come, though there is room */
        {483, 12, "00000010003", false}, /* beyond the end */
        {483, 1, "\0", false},
        {495, 1, "x", false},
    };
    static const uint8_t content[1024] = "abc";

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cleanup_free char *what = xasprintf("row %zu", i);
        struct made_tar tar = {.len = 0};
        uint8_t *header = made_header(&tar, MADE_GNU, 'S', "holes", 516);

        made_set(header, 386, "00000001000\00000000001000\00000000010000\00000000000004", 47);
        made_set(header, 483, "00000010004", 12);
        made_set(header, rows[i].at, rows[i].bytes,
                 rows[i].len == 12 ? strlen(rows[i].bytes) + 1 : rows[i].len);
        made_content(&tar, content, sizeof content);
        made_end(&tar);
        expect(&tar, what, rows[i].is_good ? "0 0644 4100 -1 holes 0,0\n" : NULL);
    }
}

static void test_map_in_the_content(void **state)
{
    static const struct {
        const char *map;
        bool is_good;
    } rows[] = {
        {"2\n512\n512\n4096\n0\n", true},
        {"1\n0\n512\n", true},
        {"1\n0\n511\n", false},
        {"1\n0\n513\n", false},
        {"1\n3585\n512\n", false},
        {"2\n512\n0\n0\n512\n", false},
        {"2\n0\n5\n512\n507\n", false}, /* GNU tar would read 507 from the next block */
        {"0\n", false},
        {"9000000000000000000\n0\n512\n", false},
        {"#\n1\n0\n512\n", false},
        {"+1\n0\n512\n", false},
        {"1\n0\n512\nx", false},
        {"1\n0\n", false},
        {"99999999999999999999\n0\n512\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made_tar tar = {.len = 0};

        made_pax(&tar, 'x',
                 "GNU.sparse.major=1\0GNU.sparse.minor=0\0GNU.sparse.name=map\0"
                 "GNU.sparse.realsize=4096\0");
        made_header(&tar, MADE_USTAR, '0', "GNUSparseFile.1/map", 1024);
        made_content(&tar, rows[i].map, strlen(rows[i].map));
        made_content(&tar, tar.bytes, 512);
        made_end(&tar);
        expect(&tar, rows[i].map, rows[i].is_good ? "0 0644 4096 -1 map 0,0\n" : NULL);
    }
}

/* As GNU tar writes it. */
static void test_nothing_but_a_hole(void **state)
{
    static const char map[] = "1\n4096\n0\n";
    struct made_tar tar = {.len = 0};

    (void)state;
    made_pax(&tar, 'x',
             "GNU.sparse.major=1\0GNU.sparse.minor=0\0GNU.sparse.name=map\0"
             "GNU.sparse.realsize=4096\0");
    made_header(&tar, MADE_USTAR, '0', "GNUSparseFile.1/map", 512);
    made_content(&tar, map, strlen(map));
    made_end(&tar);
    expect(&tar, "a hole", "0 0644 4096 -1 map 0,0\n");
}

static void test_sound_tars(void **state)
{
    struct made_tar tar;

    (void)state;
    for (unsigned number = 0; made_sound(&tar, number); number++) {
        cleanup_free char *why = NULL;

        if (tar_compare(tar.bytes, tar.len, tar.len, &why) != TAR_ACCEPTED)
            fail_msg("%u: %s", number, why);
    }
}

static void write_down(const struct made_tar *tar)
{
    const char *path = getenv("CKPTOCI_TAR_DIFFERENCE");
    FILE *file = path ? fopen(path, "wb") : NULL;

    if (file) {
        fwrite(tar->bytes, 1, tar->len, file);
        fclose(file);
    }
}

static void test_changed_tars(void **state)
{
    const char *asked = getenv("CKPTOCI_TAR_MUTATIONS");
    unsigned long count = asked ? strtoul(asked, NULL, 10) : DEFAULT_MUTATIONS;
    unsigned long verdicts[TAR_DIFFERS + 1] = {0};
    uint64_t seed = 1;

    (void)state;
    for (unsigned long i = 0; i < count; i++) {
        cleanup_free char *why = NULL;
        struct made_tar tar;
        enum tar_verdict verdict;

        if (!made_sound(&tar, (unsigned)(i % 6)))
            fail();
        made_mutate(&tar, &seed);
        verdict = tar_compare(tar.bytes, tar.len, i % 2 ? tar.len : 700, &why);
        if (verdict == TAR_DIFFERS && verdicts[TAR_DIFFERS]++ == 0) {
            print_message("number %lu: %s", i, why);
            write_down(&tar);
        } else {
            verdicts[verdict] += verdict != TAR_DIFFERS;
        }
    }
    print_message("%lu accepted, %lu refused, %lu differences\n", verdicts[TAR_ACCEPTED],
                  verdicts[TAR_REFUSED], verdicts[TAR_DIFFERS]);
    assert_int_equal(verdicts[TAR_DIFFERS], 0);
    assert_true(verdicts[TAR_ACCEPTED] > count / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_extended_headers),
        cmocka_unit_test(test_order_of_extended_headers),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_names_that_do_not_fit),
        cmocka_unit_test(test_map_in_the_header),
        cmocka_unit_test(test_map_in_the_content),
        cmocka_unit_test(test_nothing_but_a_hole),
        cmocka_unit_test(test_sound_tars),
        cmocka_unit_test(test_changed_tars),
    };

    setlocale(LC_CTYPE, "C.UTF-8"); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
