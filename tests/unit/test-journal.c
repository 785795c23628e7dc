// SPDX-License-Identifier: Apache-2.0
/* The agent's state: what it says of itself again, wherever its writing was cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "base/memory.h"
#include "base/tmpfile.h"
#include "watch/journal.h"

static char directory[] = "/tmp/ckptoci-journal.XXXXXX";

/* What a run that was killed while it compacted may have left. */
#define LEFT TMPFILE_PREFIX "0123456789abcdef"

static char *state_path(void)
{
    return xasprintf("%s/archives.jsonl", directory);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"archives.jsonl", "lock"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup_free char *path = xasprintf("%s/%s", directory, names[i]);

        unlink(path);
    }
    return rmdir(directory);
}

static struct journal *open_journal(const char *watched)
{
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    struct journal *journal = NULL;
    struct error error = {0};

    if (journal_open(&journal, directory, watched, cancel, &error))
        fail_msg("%s", error.text);
    return journal;
}

static int load(const char *watched, struct archive_table *table, struct error *error)
{
    cleanup(journal_freep) struct journal *journal = open_journal(watched);

    return journal_load(journal, table, error);
}

static void fill(struct archive *archive, int number)
{
    char text[80];

    archive->identity =
        (struct archive_identity){UINT64_MAX - (unsigned)number, 4096, 1795527089123456789};
    archive->state = ARCHIVE_PUSHED;
    snprintf(text, sizeof text, "docker://x/y:%d", number);
    archive_set_text(&archive->reference, text);
    archive_set_text(&archive->digest, "sha256:00");
    archive_set_text(&archive->pod, "po\"d\n\xc3\xa9");
}

/* "a" is recorded as pushed, twice; "b" as refused. */
static void write_sample(void)
{
    cleanup(journal_freep) struct journal *journal = open_journal("/watched");
    struct archive_table table = {0};
    struct archive *a, *b;
    struct error error;

    archive_table_add(&table, "a", &a, &error);
    archive_table_add(&table, "b", &b, &error);
    assert_int_equal(journal_compact(journal, &table, &error), 0);
    fill(a, 1);
    fill(b, 2);
    b->state = ARCHIVE_REFUSED;
    archive_set_text(&b->error_text, "it is none");
    assert_int_equal(journal_append(journal, a, &error), 0);
    assert_int_equal(journal_append(journal, b, &error), 0);
    fill(a, 3);
    assert_int_equal(journal_append(journal, a, &error), 0);
    archive_table_done(&table);
}

static void test_it_is_as_it_was(void **state)
{
    struct archive_table table = {0};
    const struct archive *a, *b;
    struct error error;

    (void)state;
    write_sample();
    assert_int_equal(load("/watched", &table, &error), 0);
    assert_int_equal(table.count, 2);
    a = archive_table_find(&table, "a");
    b = archive_table_find(&table, "b");
    assert_int_equal(a->state, ARCHIVE_PUSHED);
    assert_string_equal(a->reference, "docker://x/y:3");
    assert_string_equal(a->pod, "po\"d\n\xc3\xa9");
    assert_null(a->container);
    assert_true(a->identity.inode == UINT64_MAX - 3);
    assert_true(a->identity.mtime_ns == 1795527089123456789);
    assert_int_equal(b->state, ARCHIVE_REFUSED);
    assert_string_equal(b->error_text, "it is none");
    archive_table_done(&table);
}

static void append_one(const char *name, int number)
{
    struct archive_table table = {0};
    cleanup(journal_freep) struct journal *journal = open_journal("/watched");
    struct archive *archive;
    struct error error;

    assert_int_equal(journal_load(journal, &table, &error), 0);
    archive_table_add(&table, name, &archive, &error);
    fill(archive, number);
    assert_int_equal(journal_append(journal, archive, &error), 0);
    archive_table_done(&table);
}

/* Whatever the kill has left of the last line, what was recorded before and after counts. */
static void test_it_survives_a_cut_at_any_byte(void **state)
{
    cleanup_free char *path = state_path();
    struct stat whole;

    (void)state;
    write_sample();
    assert_int_equal(stat(path, &whole), 0);
    for (int64_t cut = 1; cut < 300; cut += 7) {
        struct archive_table table = {0};
        struct error error;

        write_sample();
        assert_int_equal(truncate(path, whole.st_size - cut), 0);
        append_one("c", 9);
        assert_int_equal(load("/watched", &table, &error), 0);
        assert_non_null(archive_table_find(&table, "c"));
        assert_string_equal(archive_table_find(&table, "a")->reference,
                            cut == 1 ? "docker://x/y:3" : "docker://x/y:1");
        archive_table_done(&table);
    }
}

/* Behind the sample. */
static void append_text(const char *text)
{
    cleanup_free char *path = state_path();
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_lines_of_another_kind_are_passed_over(void **state)
{
    cleanup_free char *long_name = xcalloc(100001, 1), *line = NULL;
    struct archive_table table = {0};
    struct error error;

    (void)state;
    write_sample();
    memset(long_name, 'n', 100000);
    line = xasprintf("{\"name\":\"%s\",\"state\":\"failed\"}\n", long_name);
    append_text(line);
    append_text("[]\n\n{}\nnull\n{\"name\":5,\"state\":[]}\n\x01\xff\n");
    append_text("{\"name\":\"p\",\"state\":\"pushed\"}\n");
    append_text("{\"name\":\"c\",\"state\":\"converting\"}\n");
    append_text("{\"name\":\"f\",\"state\":\"failed\"}\n");
    assert_int_equal(load("/watched", &table, &error), 0);
    assert_int_equal(table.count, 3);
    assert_non_null(archive_table_find(&table, "f"));
    archive_table_done(&table);
}

static void test_what_is_too_large_is_begun_anew(void **state)
{
    cleanup(journal_freep) struct journal *journal = NULL;
    cleanup_free char *path = state_path();
    struct archive_table table = {0};
    struct error error;
    struct stat status;

    (void)state;
    write_sample();
    assert_int_equal(truncate(path, (off_t)JOURNAL_MAX_BYTES + 1), 0);
    journal = open_journal("/watched");
    assert_int_equal(journal_load(journal, &table, &error), 0);
    assert_int_equal(table.count, 0);
    assert_false(journal_is_wasteful(journal, &table));
    assert_int_equal(journal_compact(journal, &table, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_in_range(status.st_size, 1, 100);
    archive_table_done(&table);
}

static void test_compacting_forgets(void **state)
{
    cleanup(journal_freep) struct journal *journal = NULL;
    struct archive_table table = {0};
    struct archive *waiting;
    struct error error;

    (void)state;
    write_sample();
    journal = open_journal("/watched");
    assert_int_equal(journal_load(journal, &table, &error), 0);
    archive_table_remove(&table, archive_table_find(&table, "b"));
    archive_table_add(&table, "w", &waiting, &error);
    assert_int_equal(journal_compact(journal, &table, &error), 0);
    archive_table_done(&table);
    assert_int_equal(journal_load(journal, &table, &error), 0);
    assert_int_equal(table.count, 1);
    assert_string_equal(table.archives[0]->name, "a");
    /* And goes on behind that. */
    fill(table.archives[0], 5);
    assert_int_equal(journal_append(journal, table.archives[0], &error), 0);
    archive_table_done(&table);
    assert_int_equal(journal_load(journal, &table, &error), 0);
    assert_string_equal(table.archives[0]->reference, "docker://x/y:5");
    archive_table_done(&table);
}

static void test_only_the_state_stays_and_only_for_us(void **state)
{
    cleanup_free char *left = xasprintf("%s/" LEFT, directory);
    cleanup_free char *path = state_path();
    struct stat status;
    FILE *file = fopen(left, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    write_sample();
    assert_int_equal(access(left, F_OK), -1);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_the_state_of_another_directory_is_refused(void **state)
{
    struct archive_table table = {0};
    struct error error;

    (void)state;
    write_sample();
    assert_int_equal(load("/elsewhere", &table, &error), -1);
    assert_non_null(strstr(error.text, "/watched"));
    archive_table_done(&table);
}

static void test_only_one_at_a_time(void **state)
{
    cleanup(journal_freep) struct journal *journal = open_journal("/watched");
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    struct journal *other = NULL;
    struct error error;

    (void)state;
    assert_non_null(journal);
    cancel_trigger(cancel);
    assert_int_equal(journal_open(&other, directory, "/watched", cancel, &error), -1);
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_as_it_was),
        cmocka_unit_test(test_it_survives_a_cut_at_any_byte),
        cmocka_unit_test(test_lines_of_another_kind_are_passed_over),
        cmocka_unit_test(test_what_is_too_large_is_begun_anew),
        cmocka_unit_test(test_compacting_forgets),
        cmocka_unit_test(test_only_the_state_stays_and_only_for_us),
        cmocka_unit_test(test_the_state_of_another_directory_is_refused),
        cmocka_unit_test(test_only_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
