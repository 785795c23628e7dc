// SPDX-License-Identifier: Apache-2.0
/* What the walk keeps of an archive, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/memory.h"
#include "checkpoint/walk.h"

enum { ARCHIVE_CAPACITY = 32 << 20 };

/* An archive in memory that gives its bytes in pieces. */
struct memory_source {
    struct source source;
    const uint8_t *bytes;
    size_t len, piece;
};

static int memory_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct memory_source *self = (struct memory_source *)source;

    (void)error;
    *data = self->bytes;
    *len = self->piece < self->len ? self->piece : self->len;
    self->bytes += *len;
    self->len -= *len;
    return *len > 0;
}

static int failing_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct memory_source *self = (struct memory_source *)source;

    if (self->len > 0)
        return memory_next(source, data, len, error);
    return error_set(error, ERROR_INTERRUPTED, "interrupted");
}

static const struct source_ops memory_ops = {.next = memory_next};
static const struct source_ops failing_ops = {.next = failing_next};

struct tar {
    uint8_t *bytes;
    size_t len;
    struct archive *writer;
};

static int set_up(void **state)
{
    struct tar *tar = NEW(struct tar);

    tar->bytes = xcalloc(ARCHIVE_CAPACITY, 1);
    tar->writer = archive_write_new();
    archive_write_set_format_ustar(tar->writer);
    archive_write_set_bytes_in_last_block(tar->writer, 1);
    archive_write_open_memory(tar->writer, tar->bytes, ARCHIVE_CAPACITY, &tar->len);
    *state = tar;
    return 0;
}

static int tear_down(void **state)
{
    struct tar *tar = *state;

    archive_write_free(tar->writer);
    free(tar->bytes);
    free(tar);
    return 0;
}

static void add(struct tar *tar, const char *name, mode_t type, const void *data, size_t len)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_mode(entry, type | 0600);
    archive_entry_set_size(entry, (la_int64_t)len);
    archive_entry_set_mtime(entry, 1790000000, 0);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(entry, "elsewhere");
    assert_int_equal(archive_write_header(tar->writer, entry), ARCHIVE_OK);
    if (len)
        assert_int_equal(archive_write_data(tar->writer, data, len), len);
    archive_entry_free(entry);
}

static void add_text(struct tar *tar, const char *name, const char *text)
{
    add(tar, name, AE_IFREG, text, strlen(text));
}

static void add_checkpoint(struct tar *tar)
{
    add_text(tar, "config.dump", "{}");
    add_text(tar, "spec.dump", "{\"a\":1}");
    add_text(tar, "checkpoint/inventory.img", "image");
}

static void end(struct tar *tar)
{
    assert_int_equal(archive_write_close(tar->writer), ARCHIVE_OK);
}

static int walk_pieces(const struct tar *tar, size_t piece, struct walk *walk, struct error *error)
{
    struct memory_source source = {{&memory_ops}, tar->bytes, tar->len, piece};

    *error = (struct error){0};
    return walk_archive(walk, &source.source, error);
}

static void assert_refused(const struct tar *tar, const char *because)
{
    struct walk walk;
    struct error error;

    assert_int_equal(walk_pieces(tar, 4096, &walk, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    if (!strstr(error.text, because))
        fail_msg("\"%s\" does not say \"%s\"", error.text, because);
}

static void test_keeps_what_says_what_it_is(void **state)
{
    struct tar *tar = *state;
    static const size_t pieces[] = {1, 511, 512, 10000, ARCHIVE_CAPACITY};

    add(tar, "checkpoint", AE_IFDIR, NULL, 0);
    add_text(tar, "checkpoint/core-1.img", "CORE");
    add_text(tar, "checkpoint/core-2.img", "OTHER");
    add_checkpoint(tar);
    end(tar);
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct walk walk;
        struct error error;

        assert_int_equal(walk_pieces(tar, pieces[i], &walk, &error), 0);
        assert_string_equal(walk.spec_dump.data, "{\"a\":1}");
        assert_string_equal(walk.config_dump.data, "{}");
        assert_string_equal(walk.core_head.data, "CORE");
        assert_int_equal(walk.inventory_time, 1790000000);
        assert_int_equal(walk.bytes, tar->len);
        walk_done(&walk);
    }
}

static void test_dot_slash_names_are_the_same(void **state)
{
    struct tar *tar = *state;
    struct walk walk;
    struct error error;

    add_text(tar, "./config.dump", "{}");
    add_text(tar, "./spec.dump", "{}");
    add_text(tar, "./checkpoint/inventory.img", "image");
    end(tar);
    assert_int_equal(walk_pieces(tar, 4096, &walk, &error), 0);
    walk_done(&walk);
}

static void test_padding_to_a_record_is_fine(void **state)
{
    struct tar *tar = *state;
    struct walk walk;
    struct error error;

    add_checkpoint(tar);
    end(tar);
    tar->len += 5 * 512; /* of zeros */
    assert_int_equal(walk_pieces(tar, 700, &walk, &error), 0);
    walk_done(&walk);
}

static void test_missing_members_are_named(void **state)
{
    struct tar *tar = *state;

    add_text(tar, "config.dump", "{}");
    add_text(tar, "spec.dump", "{}");
    add_text(tar, "checkpoint/inventory.image", "not it");
    end(tar);
    assert_refused(tar, "checkpoint/inventory.img is missing");
}

static void test_any_other_tar_is_no_checkpoint(void **state)
{
    struct tar *tar = *state;

    add_text(tar, "etc/passwd", "root");
    end(tar);
    assert_refused(tar, "not a container checkpoint: spec.dump is missing");
}

static void test_links_are_no_members(void **state)
{
    struct tar *tar = *state;

    add(tar, "spec.dump", AE_IFLNK, NULL, 0);
    end(tar);
    assert_refused(tar, "spec.dump is not a regular file");
}

static void test_a_second_spec_is_refused(void **state)
{
    struct tar *tar = *state;

    add_checkpoint(tar);
    add_text(tar, "./spec.dump", "{\"b\":2}");
    end(tar);
    assert_refused(tar, "spec.dump is there twice");
}

static void test_an_oversized_spec_is_refused(void **state)
{
    struct tar *tar = *state;
    cleanup_free uint8_t *large = xcalloc(METADATA_MAX_BYTES + 1, 1);

    add(tar, "spec.dump", AE_IFREG, large, METADATA_MAX_BYTES + 1);
    end(tar);
    assert_refused(tar, "spec.dump is larger than 8 MiB");
}

static void test_every_truncation_is_refused(void **state)
{
    struct tar *tar = *state;
    size_t whole;

    add_checkpoint(tar);
    end(tar);
    whole = tar->len;
    for (tar->len = 100; tar->len < whole; tar->len += 100)
        assert_refused(tar, "");
    /* At member boundaries, and with but one of the two closing blocks. */
    for (tar->len = 512; tar->len < whole; tar->len += 512)
        assert_refused(tar, "");
}

static void test_a_missing_end_mark_is_named(void **state)
{
    struct tar *tar = *state;

    add_checkpoint(tar);
    end(tar);
    tar->len -= 1024;
    assert_refused(tar, "end-of-archive mark is missing");
}

static void test_data_behind_the_end_is_refused(void **state)
{
    struct tar *tar = *state;

    add_checkpoint(tar);
    end(tar);
    memcpy(tar->bytes + tar->len + 512, "hidden", 6);
    tar->len += 1024;
    assert_refused(tar, "data behind the end-of-archive mark");
}

static void test_a_damaged_header_is_refused(void **state)
{
    struct tar *tar = *state;

    add_checkpoint(tar);
    end(tar);
    tar->bytes[1024 + 2]++; /* in the second member's name */
    assert_refused(tar, "not a whole tar archive");
}

static void test_other_files_are_refused(void **state)
{
    struct tar *tar = *state;

    memset(tar->bytes, 'x', 5000);
    tar->len = 5000;
    assert_refused(tar, "not a whole tar archive");
}

static void test_the_error_of_the_source_comes_through(void **state)
{
    struct tar *tar = *state;
    struct memory_source source = {{&failing_ops}, tar->bytes, 0, 512};
    struct walk walk;
    struct error error;

    add_checkpoint(tar);
    end(tar);
    for (source.len = 0; source.len <= tar->len; source.len += tar->len / 4) {
        source.bytes = tar->bytes;
        size_t len = source.len;
        assert_int_equal(walk_archive(&walk, &source.source, &error), -1);
        assert_int_equal(error.kind, ERROR_INTERRUPTED);
        source.len = len;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keeps_what_says_what_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dot_slash_names_are_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_padding_to_a_record_is_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_members_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_other_tar_is_no_checkpoint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links_are_no_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_second_spec_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_oversized_spec_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_truncation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_missing_end_mark_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_behind_the_end_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_header_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_files_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_error_of_the_source_comes_through, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
