// SPDX-License-Identifier: Apache-2.0
/* What is read of CRIU's images, and that damaged or hostile ones are refused and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "criu/criu.h"
#include "criu/image.h"
#include "inspect/process-table.h"

/* Images are written here in hex, as they come from a checkpoint. */
struct image {
    uint8_t bytes[4096];
    size_t len;
};

static uint8_t nibble(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct image from_hex(const char *hex)
{
    struct image image = {.len = 0};

    for (; *hex; hex += 2)
        image.bytes[image.len++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
    return image;
}

#define COMMON "19435654"
static const char pstree_hex[] =
    COMMON "303027500a000000080110001801200128010a00000008061001180120012"
           "8060a00000008071001180120012807";
static const char pagemap_hex[] = COMMON
    "254008560200000008010a000000088080041000200428020a000000088080081000200628010a0000000880"
    "80101000200428030a000000088080201000200228010a00000008808030100020042801";
static const char files_hex[] = COMMON
    "383130561a00000008051009820113104d18012001404e5a0900616273747261637411000000080110021a0b"
    "32092f6465762f6e756c6c0b00000008021003920104108c8b0f280000000804100422221802200128063001"
    "38903f40bb0358ff808008608a82881872080880800110d4aa051d000000080410062217180a20012806300a"
    "385058fe8102580058005880808008";
static const char stats_hex[] =
    "4059105506330957230000000a2108f504108bd80818c81320d604286230003846400"
    "0480050105810600068007000";

static void test_stats(void **state)
{
    struct image image = from_hex(stats_hex);
    struct criu_stats stats;
    struct error error;

    (void)state;
    assert_int_equal(criu_stats_parse(&stats, image.bytes, image.len, &error), 0);
    assert_int_equal(stats.freezing_time_us, 629);
    assert_int_equal(stats.frozen_time_us, 142347);
    assert_int_equal(stats.memdump_time_us, 2504);
    assert_int_equal(stats.memwrite_time_us, 598);
    assert_int_equal(stats.pages_scanned, 98);
    assert_int_equal(stats.pages_written, 70);
}

static void test_pstree(void **state)
{
    struct image image = from_hex(pstree_hex);
    struct criu_pstree pstree;
    struct error error;

    (void)state;
    assert_int_equal(criu_pstree_parse(&pstree, image.bytes, image.len, &error), 0);
    assert_int_equal(pstree.count, 3);
    assert_int_equal(pstree.entries[0].pid, 1);
    assert_int_equal(pstree.entries[0].ppid, 0);
    assert_int_equal(pstree.entries[2].pid, 7);
    assert_int_equal(pstree.entries[2].ppid, 1);
    assert_int_equal(pstree.entries[2].thread_count, 1);
    criu_pstree_done(&pstree);
}

/* Pages 0x10000 (2, there), 0x20000 (1, there and lazy), 0x40000 (3, there), 0x80000 (1, lazy: not
 * there), 0xc0000 (1, there). */
static void test_pagemap(void **state)
{
    struct image image = from_hex(pagemap_hex);
    struct criu_pagemap pagemap;
    struct error error;
    uint64_t offset, len;

    (void)state;
    assert_int_equal(criu_pagemap_parse(&pagemap, image.bytes, image.len, &error), 0);
    assert_int_equal(pagemap.pages_id, 1);
    assert_int_equal(pagemap.pages, 7);
    assert_int_equal(criu_pagemap_page_size(&pagemap, 7 * 4096), 4096);
    assert_int_equal(criu_pagemap_page_size(&pagemap, 7 * 65536), 65536);
    assert_int_equal(criu_pagemap_page_size(&pagemap, 7 * 4096 + 1), 0);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, 0x11010, &offset, &len), 0);
    assert_int_equal(offset, 0x1010);
    assert_int_equal(len, 0xff0);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, 0x40000, &offset, &len), 0);
    assert_int_equal(offset, 3 * 4096);
    assert_int_equal(len, 3 * 4096);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, 0xc0fff, &offset, &len), 0);
    assert_int_equal(offset, 6 * 4096 + 0xfff);
    assert_int_equal(len, 1);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, 0xffff, &offset, &len), -1);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, 0x12000, &offset, &len), -1);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, 0x80000, &offset, &len), -1);
    assert_int_equal(criu_pagemap_find(&pagemap, 4096, UINT64_MAX, &offset, &len), -1);
    criu_pagemap_done(&pagemap);
}

static void test_files(void **state)
{
    struct image image = from_hex(files_hex);
    struct criu_files files;
    const struct criu_file *file;
    struct error error;

    (void)state;
    assert_int_equal(criu_files_parse(&files, image.bytes, image.len, &error), 0);
    assert_int_equal(files.count, 5);
    assert_null(criu_files_find(&files, 1));
    file = criu_files_find(&files, 2);
    assert_int_equal(file->type, CRIU_FILE_REGULAR);
    assert_string_equal(file->name, "/dev/null");
    file = criu_files_find(&files, 3);
    assert_int_equal(file->type, CRIU_FILE_PIPE);
    assert_int_equal(file->pipe_id, 247180);
    file = criu_files_find(&files, 4);
    assert_int_equal(file->type, CRIU_FILE_INTERNET_SOCKET);
    assert_int_equal(file->socket.family, AF_INET);
    assert_string_equal(file->socket.source, "127.0.0.1");
    assert_int_equal(file->socket.source_port, 8080);
    assert_string_equal(file->socket.destination, "10.1.2.3");
    assert_int_equal(file->socket.destination_port, 443);
    assert_int_equal(file->socket.receive_buffer, 87380);
    file = criu_files_find(&files, 6);
    assert_string_equal(file->socket.source, "fe80::1");
    assert_string_equal(file->socket.destination, "");
    file = criu_files_find(&files, 9);
    assert_int_equal(file->name_len, 9);
    assert_memory_equal(file->name, "\0abstract", 9);
    assert_int_equal(file->socket.peer, 78);
    criu_files_done(&files);
}

static void test_log(void **state)
{
    static const char text[] =
        "(00.000000) CRIU run id = 1\n(00.000116) Version: 4.2 (gitid v4.2)\n"
        "(00.000128) Running on node Linux 6.1.0-18 #1 SMP x86_64\n(0";
    char *version, *kernel;

    (void)state;
    criu_log_parse(text, strlen(text), &version, &kernel);
    assert_string_equal(version, "4.2");
    assert_string_equal(kernel, "6.1.0-18");
    free(version);
    free(kernel);
    criu_log_parse(text, 60, &version, &kernel);
    assert_null(version);
    assert_null(kernel);
}

typedef int parse(const void *bytes, size_t len, struct error *error);

static int parse_pstree(const void *bytes, size_t len, struct error *error)
{
    struct criu_pstree pstree = {0};
    int result = criu_pstree_parse(&pstree, bytes, len, error);

    criu_pstree_done(&pstree);
    return result;
}

static int parse_pagemap(const void *bytes, size_t len, struct error *error)
{
    struct criu_pagemap pagemap = {0};
    int result = criu_pagemap_parse(&pagemap, bytes, len, error);

    criu_pagemap_done(&pagemap);
    return result;
}

static int parse_files(const void *bytes, size_t len, struct error *error)
{
    struct criu_files files = {0};
    int result = criu_files_parse(&files, bytes, len, error);

    criu_files_done(&files);
    return result;
}

static int parse_stats(const void *bytes, size_t len, struct error *error)
{
    struct criu_stats stats;

    return criu_stats_parse(&stats, bytes, len, error);
}

static const struct {
    parse *parse;
    const char *hex;
} kinds[] = {
    {parse_pstree, pstree_hex},
    {parse_pagemap, pagemap_hex},
    {parse_files, files_hex},
    {parse_stats, stats_hex},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

/* The bytes end where the heap block ends, so that a sanitizer sees one too many. */
static int parse_exactly(parse *parser, const uint8_t *bytes, size_t len, struct error *error)
{
    uint8_t *copy = xcalloc(len ? len : 1, 1);
    int result;

    memcpy(copy, bytes, len);
    result = parser(copy, len, error);
    free(copy);
    return result;
}

static void test_truncated_images_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct image image = from_hex(kinds[i].hex);
        struct error error;
        size_t refused = 0;

        for (size_t len = 0; len < image.len; len++) {
            error = (struct error){0};
            if (parse_exactly(kinds[i].parse, image.bytes, len, &error) == 0)
                continue; /* at the end of a message */
            assert_int_equal(error.kind, ERROR_ARCHIVE);
            refused++;
        }
        assert_true(refused > image.len - 10);
        assert_int_equal(parse_exactly(kinds[i].parse, image.bytes, image.len, &error), 0);
    }
}

static void test_no_changed_bit_does_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct image image = from_hex(kinds[i].hex);
        struct error error;

        for (size_t bit = 0; bit < 8 * image.len; bit++) {
            image.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (parse_exactly(kinds[i].parse, image.bytes, image.len, &error) == 0)
                assert_true(bit >= 64); /* not one of the magic numbers */
            image.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void test_lengths_have_limits(void **state)
{
    struct image image = from_hex(COMMON "30302750ffffffff0801");
    uint8_t *large = xcalloc(CRIU_IMAGE_MAX_BYTES + 1, 1);
    struct error error;

    (void)state;
    assert_int_equal(parse_pstree(image.bytes, image.len, &error), -1);
    assert_non_null(strstr(error.text, "larger than 1024 KiB"));
    image = from_hex(COMMON "303027500300000008");
    assert_int_equal(parse_pstree(image.bytes, image.len, &error), -1);
    assert_non_null(strstr(error.text, "ends in the middle"));
    /* Zeros are messages without a byte. */
    memcpy(large, image.bytes, 8);
    assert_int_equal(parse_pstree(large, CRIU_IMAGE_MAX_BYTES + 1, &error), -1);
    assert_non_null(strstr(error.text, "larger than 16 MiB"));
    assert_int_equal(parse_pstree(large, CRIU_IMAGE_MAX_BYTES, &error), -1);
    assert_non_null(strstr(error.text, "more than 262144 entries"));
    free(large);
}

static void test_one_kind_is_not_taken_for_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++)
        for (size_t j = 0; j < KIND_COUNT; j++) {
            struct image image = from_hex(kinds[j].hex);
            struct error error;

            assert_int_equal(kinds[i].parse(image.bytes, image.len, &error), i == j ? 0 : -1);
        }
}

static void test_a_pagemap_that_cannot_be(void **state)
{
    /* Twice the same address; more pages than there are. */
    static const char *const hexes[] = {
        COMMON "25400856020000000801080000000880800410012004080000000880800410012004",
        COMMON "254008560200000008010d00000008808004200428808080808040",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hexes / sizeof *hexes; i++) {
        struct image image = from_hex(hexes[i]);
        struct error error = {0};

        assert_int_equal(parse_pagemap(image.bytes, image.len, &error), -1);
        assert_int_equal(error.kind, ERROR_ARCHIVE);
    }
}

static void take(struct process_table *table, const char *name, const char *hex)
{
    struct image image = from_hex(hex);
    struct error error;

    assert_true(process_table_wants(name));
    assert_int_equal(process_table_take(table, name, image.bytes, image.len, &error), 0);
}

/* The command line begins in the second page of the first run and ends in the run at 0x20000, with
 * a gap between them that is not in the image; the environment lies in front of it. */
static void test_memory_is_found_through_the_pagemap(void **state)
{
    /* arg 0x11ff8 to 0x20004, env 0x10000 to 0x10005, all as CRIU numbers them. */
    static const char mm[] = COMMON "202849571000000040f8bf04488480085080800458858004";
    struct process_table table = {0};
    struct process *process;
    uint8_t pages[7 * 4096];
    uint64_t offset, len;

    (void)state;
    for (size_t i = 0; i < sizeof pages; i++)
        pages[i] = (uint8_t)('A' + i / 4096);
    memcpy(pages, "X=1\0Y", 5);
    take(&table, "pagemap-5.img", pagemap_hex);
    take(&table, "mm-5.img", mm);
    assert_null(process_table_of_pages(&table, 5));
    process = process_table_of_pages(&table, 1);
    assert_ptr_equal(process, process_table_find(&table, 5));
    assert_false(process_plan_memory(&table, process, 8 * 4096));
    assert_true(process_plan_memory(&table, process, sizeof pages));
    assert_true(process_next_wanted(process, 0, &offset, &len));
    assert_int_equal(offset, 0);
    assert_int_equal(len, 5);
    assert_true(process_next_wanted(process, 5, &offset, &len));
    assert_int_equal(offset, 0x1ff8);
    assert_int_equal(len, 8);
    assert_true(process_next_wanted(process, 0x2000, &offset, &len));
    assert_int_equal(offset, 0x2000);
    assert_int_equal(len, 4);
    assert_false(process_next_wanted(process, 0x2004, &offset, &len));
    for (size_t at = 0; at < sizeof pages; at += 7)
        process_take_pages(process, at, pages + at, sizeof pages - at < 7 ? sizeof pages - at : 7);
    assert_int_equal(process->environment.have, 5);
    assert_memory_equal(process->environment.bytes, "X=1\0Y", 5);
    assert_int_equal(process->arguments.len, 0x20004 - 0x11ff8);
    assert_int_equal(process->arguments.have, 12);
    assert_memory_equal(process->arguments.bytes, "BBBBBBBB\0", 9);
    assert_memory_equal(process->arguments.bytes + process->arguments.len - 5, "\0CCCC", 5);
    process_table_done(&table);
}

static void test_memory_has_limits(void **state)
{
    /* arg 0 to 2^40, env 5 to 4 */
    static const char mm[] = COMMON "202849570d00000040004880808080802050055804";
    struct process_table table = {0};
    struct process *process;

    (void)state;
    take(&table, "pagemap-5.img", pagemap_hex);
    take(&table, "mm-5.img", mm);
    process = process_table_of_pages(&table, 1);
    assert_false(process_plan_memory(&table, process, 7 * 4096));
    assert_null(process->arguments.bytes);
    assert_null(process->environment.bytes);
    process_table_done(&table);
}

static void test_names_of_images(void **state)
{
    static const char *const others[] = {
        "core-.img",
        "core-1.imgx",
        "core-x.img",
        "pages-1.img",
        "core-99999999999.img",
        "core-1-2.img",
        "",
        "pagemap-shmem-1.img",
        "core-1",
        "core-4294967296.img",
    };

    (void)state;
    assert_true(process_table_wants("core-4294967295.img"));
    assert_true(process_table_wants("pstree.img"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(process_table_wants(others[i]));
}

/* The words are big-endian, the messages are not. */
static void test_images_of_s390x(void **state)
{
    struct image image = from_hex("54564319"
                                  "50273030"
                                  "0000000a"
                                  "08011001180120012801"
                                  "0000000a"
                                  "08061001180120012806");
    struct image core = from_hex("54564319"
                                 "55053847"
                                 "00000002"
                                 "0805");
    struct image mixed = from_hex("54564319"
                                  "30302750"
                                  "0a000000"
                                  "08011001180120012801");
    struct criu_pstree pstree;
    struct buffer head;
    struct error error;

    (void)state;
    assert_int_equal(criu_pstree_parse(&pstree, image.bytes, image.len, &error), 0);
    assert_int_equal(pstree.count, 2);
    assert_int_equal(pstree.entries[1].pid, 6);
    assert_int_equal(pstree.tids[1], 6);
    criu_pstree_done(&pstree);
    assert_int_equal(criu_pstree_parse(&pstree, mixed.bytes, mixed.len, &error), -1);
    buffer_init(&head, sizeof core.bytes);
    buffer_append(&head, core.bytes, core.len);
    assert_string_equal(criu_core_architecture(&head), "s390x");
    buffer_done(&head);
}

/* A BPF map, a pidfd, a Unix socket without its path; file 9 was deleted. */
static void test_newer_files(void **state)
{
    struct image files = from_hex(COMMON "38313056"
                                         "0b000000"
                                         "08131008aa0104"
                                         "6a026d31"
                                         "09000000"
                                         "08141009b20102"
                                         "202a"
                                         "0b000000"
                                         "0805100a820104"
                                         "10077801");
    struct image deleted = from_hex(COMMON "54391359"
                                           "02000000"
                                           "0809");
    struct process_table table = {0};
    const struct criu_file *file;
    struct error error;

    (void)state;
    assert_int_equal(process_table_take(&table, "files.img", files.bytes, files.len, &error), 0);
    assert_int_equal(process_table_take(&table, "remap-fpath.img", deleted.bytes, deleted.len,
                                        &error),
                     0);
    file = criu_files_find(&table.files, 8);
    assert_int_equal(file->type, CRIU_FILE_BPF_MAP);
    assert_string_equal(file->name, "m1");
    file = criu_files_find(&table.files, 9);
    assert_int_equal(file->type, CRIU_FILE_PIDFD);
    assert_int_equal(file->pid, 42);
    assert_true(criu_files_find(&table.files, 10)->is_deleted);
    assert_true(process_table_is_deleted(&table, 9));
    assert_false(process_table_is_deleted(&table, 8));
    process_table_done(&table);
}

static void test_text_becomes_utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
        {"caf\xc3\xa9 \xf0\x9f\x90\xb3", 10, "caf\xc3\xa9 \xf0\x9f\x90\xb3"},
        {"a\0b", 3,
         "a\xef\xbf\xbd"
         "b"},
        {"\xff", 1, "\xef\xbf\xbd"},
        {"\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* cut off */
        {"\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
        {"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* surrogate */
        {"\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* too high */
        {"", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *text = utf8_string(cases[i].bytes, cases[i].len);

        assert_string_equal(json_string_value(text), cases[i].text);
        json_decref(text);
    }
}

static void test_processes_have_a_limit(void **state)
{
    static const char ids[] = COMMON "30204354020000001005";
    struct process_table table = {0};
    struct image image = from_hex(ids);
    struct error error;
    char name[32];

    (void)state;
    for (int i = PROCESSES_MAX; i >= 0; i--) {
        snprintf(name, sizeof name, "ids-%d.img", i);
        assert_int_equal(process_table_take(&table, name, image.bytes, image.len, &error),
                         i == 0 ? -1 : 0);
    }
    assert_int_equal(table.count, PROCESSES_MAX);
    assert_int_equal(process_table_find(&table, 7)->files_id, 5);
    assert_null(process_table_find(&table, 0));
    process_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stats),
        cmocka_unit_test(test_pstree),
        cmocka_unit_test(test_pagemap),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_truncated_images_are_refused),
        cmocka_unit_test(test_no_changed_bit_does_harm),
        cmocka_unit_test(test_lengths_have_limits),
        cmocka_unit_test(test_one_kind_is_not_taken_for_another),
        cmocka_unit_test(test_a_pagemap_that_cannot_be),
        cmocka_unit_test(test_memory_is_found_through_the_pagemap),
        cmocka_unit_test(test_memory_has_limits),
        cmocka_unit_test(test_names_of_images),
        cmocka_unit_test(test_images_of_s390x),
        cmocka_unit_test(test_newer_files),
        cmocka_unit_test(test_text_becomes_utf8),
        cmocka_unit_test(test_processes_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
