// SPDX-License-Identifier: Apache-2.0
/* What the walk keeps of an archive, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "archive/walk.h"
#include "base/memory.h"

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

/* Of CRIU: version 2; process 1; that it is dead, which has no memory then. */
static const char inventory[] = "\x16\x31\x31\x58\x02\0\0\0\x08\x02";
static const char pstree[] = "\x19\x43\x56\x54\x30\x30\x27\x50\x02\0\0\0\x08\x01";
static const char core[] = "\x19\x43\x56\x54\x47\x38\x05\x55\x06\0\0\0\x08\x01\x1a\x02\x08\x02";

static void add_images(struct tar *tar)
{
    add(tar, "checkpoint/core-1.img", AE_IFREG, core, sizeof core - 1);
    add(tar, "checkpoint/pstree.img", AE_IFREG, pstree, sizeof pstree - 1);
}

static void add_checkpoint(struct tar *tar)
{
    add_text(tar, "config.dump", "{}");
    add_text(tar, "spec.dump", "{\"a\":1}");
    add(tar, "checkpoint/inventory.img", AE_IFREG, inventory, sizeof inventory - 1);
    add_images(tar);
}

static void end(struct tar *tar)
{
    assert_int_equal(archive_write_close(tar->writer), ARCHIVE_OK);
}

/* With the usual policy. A refusal must be a finding; other errors must not. */
static int walk_archive_with(struct walk *walk, struct source *source,
                             const struct walk_visitor *visitor, struct error *error)
{
    struct findings findings = {0};
    int result = walk_archive(walk, source, visitor, &findings, error);

    if (!visitor)
        assert_int_equal(findings.refusals, result < 0 && error->kind == ERROR_ARCHIVE);
    findings_done(&findings);
    if (result < 0) {
        walk_done(walk);
        *walk = (struct walk){0};
    }
    return result;
}

static int walk_pieces(const struct tar *tar, size_t piece, struct walk *walk, struct error *error)
{
    struct memory_source source = {{&memory_ops}, tar->bytes, tar->len, piece};

    *error = (struct error){0};
    return walk_archive_with(walk, &source.source, NULL, error);
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
    char other[sizeof core];

    memcpy(other, core, sizeof core);
    add(tar, "checkpoint", AE_IFDIR, NULL, 0);
    add_checkpoint(tar);
    other[sizeof other - 2] = 6; /* another state */
    add(tar, "checkpoint/core-2.img", AE_IFREG, other, sizeof other - 1);
    end(tar);
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct walk walk;
        struct error error;

        assert_int_equal(walk_pieces(tar, pieces[i], &walk, &error), 0);
        assert_string_equal(walk.spec_dump.data, "{\"a\":1}");
        assert_string_equal(walk.config_dump.data, "{}");
        assert_int_equal(walk.core_head.len, sizeof core - 1);
        assert_memory_equal(walk.core_head.data, core, sizeof core - 1);
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
    add(tar, "./checkpoint/inventory.img", AE_IFREG, inventory, sizeof inventory - 1);
    add_images(tar);
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
    assert_refused(tar, "member-type: spec.dump: it is not a regular file");
}

static void test_a_second_spec_is_refused(void **state)
{
    struct tar *tar = *state;

    add_checkpoint(tar);
    add_text(tar, "./spec.dump", "{\"b\":2}");
    end(tar);
    assert_refused(tar, "duplicate-member: spec.dump: it is there twice");
}

static void test_an_oversized_spec_is_refused(void **state)
{
    struct tar *tar = *state;
    cleanup_free uint8_t *large = xcalloc(METADATA_MAX_BYTES + 1, 1);

    add(tar, "spec.dump", AE_IFREG, large, METADATA_MAX_BYTES + 1);
    end(tar);
    assert_refused(tar, "metadata: spec.dump: it is larger than 8 MiB");
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

/* What a visitor was told, a line for each member. */
struct record {
    char text[2000];
    size_t wants;
    const char *refuses;
};

static int record_member(void *context, const struct member *member, struct error *error)
{
    struct record *record = context;
    size_t len = strlen(record->text);

    if (record->refuses && strcmp(member->path, record->refuses) == 0)
        return error_set(error, ERROR_ARCHIVE, "the visitor refuses");
    snprintf(record->text + len, sizeof record->text - len, "%s%s%s%s%s %d %d\n",
             member->container ? member->container : "", member->container ? ":" : "", member->path,
             member->link ? ">" : "", member->link ? member->link : "", member->type,
             (int)member->size);
    return 0;
}

static size_t record_wants(void *context, const struct member *member)
{
    const struct record *record = context;

    return strstr(member->path, "want") ? record->wants : 0;
}

static int record_content(void *context, const struct member *member, const struct buffer *content,
                          struct error *error)
{
    struct record *record = context;
    size_t len = strlen(record->text);

    (void)member;
    (void)error;
    snprintf(record->text + len, sizeof record->text - len, "=%s\n", content->data);
    return 0;
}

static int visit(const struct tar *tar, struct record *record, size_t piece, struct error *error)
{
    struct memory_source source = {{&memory_ops}, tar->bytes, tar->len, piece};
    const struct walk_visitor visitor = {.context = record,
                                         .member = record_member,
                                         .wants = record_wants,
                                         .content = record_content};
    struct walk walk = {0};
    int result = walk_archive_with(&walk, &source.source, &visitor, error);

    walk_done(&walk);
    return result;
}

/* A tar with one file and one symlink in `bytes`, gzip if `compressed`; its length. */
static size_t make_inner(uint8_t *bytes, size_t capacity, bool compressed)
{
    struct tar inner = {.writer = archive_write_new()};

    archive_write_set_format_ustar(inner.writer);
    if (compressed)
        archive_write_add_filter_gzip(inner.writer);
    archive_write_set_bytes_in_last_block(inner.writer, 1);
    archive_write_open_memory(inner.writer, bytes, capacity, &inner.len);
    add_text(&inner, "./etc/wanted", "changed");
    add(&inner, "etc/link", AE_IFLNK, NULL, 0);
    end(&inner);
    archive_write_free(inner.writer);
    return inner.len;
}

static void test_a_visitor_sees_the_tars_inside(void **state)
{
    struct tar *tar = *state;
    static const size_t pieces[] = {1, 511, 10000, ARCHIVE_CAPACITY};
    uint8_t plain[8192], gzip[8192];
    size_t plain_len = make_inner(plain, sizeof plain, false);
    size_t gzip_len = make_inner(gzip, sizeof gzip, true);
    struct error error = {0};

    add_checkpoint(tar);
    add(tar, "./rootfs-diff.tar", AE_IFREG, gzip, gzip_len);
    add(tar, "volumes/data.tar", AE_IFREG, plain, plain_len);
    add(tar, "devshm-checkpoint.tar", AE_IFREG, NULL, 0);
    add(tar, "other.tar", AE_IFREG, plain, plain_len);
    add_text(tar, "wanted-file", "0123456789");
    end(tar);
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct record record = {.wants = 8};
        char expected[1000];

        assert_int_equal(visit(tar, &record, pieces[i], &error), 0);
        snprintf(expected, sizeof expected,
                 "config.dump 0 2\nspec.dump 0 7\ncheckpoint/inventory.img 0 10\n"
                 "checkpoint/core-1.img 0 18\ncheckpoint/pstree.img 0 14\n"
                 "rootfs-diff.tar 0 %zu\n"
                 "rootfs-diff.tar:etc/wanted 0 7\n=changed\n"
                 "rootfs-diff.tar:etc/link>elsewhere 2 0\n"
                 "volumes/data.tar 0 %zu\n"
                 "volumes/data.tar:etc/wanted 0 7\n=changed\n"
                 "volumes/data.tar:etc/link>elsewhere 2 0\n"
                 "devshm-checkpoint.tar 0 0\nother.tar 0 %zu\n"
                 "wanted-file 0 10\n=01234567\n",
                 gzip_len, plain_len, plain_len);
        assert_string_equal(record.text, expected);
    }
}

/* As a signal does, while the members of a tar inside go by. */
static int cancel_at_member(void *context, const struct member *member, struct error *error)
{
    (void)error;
    if (member->container)
        cancel_trigger(context);
    return 0;
}

static void test_a_walk_can_be_cancelled_inside(void **state)
{
    struct tar *tar = *state;
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    const struct walk_visitor visitor = {.context = cancel,
                                         .member = cancel_at_member,
                                         .cancel = cancel};
    uint8_t inner[8192];
    size_t len = make_inner(inner, sizeof inner, true);
    struct memory_source source = {{&memory_ops}, tar->bytes, 0, ARCHIVE_CAPACITY};
    struct error error = {0};
    struct walk walk;

    add_checkpoint(tar);
    add(tar, "rootfs-diff.tar", AE_IFREG, inner, len);
    end(tar);
    source.len = tar->len;
    assert_int_equal(walk_archive_with(&walk, &source.source, &visitor, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERRUPTED);
}

static void test_a_visitor_can_refuse(void **state)
{
    struct tar *tar = *state;
    struct record record = {.refuses = "spec.dump"};
    struct error error = {0};

    add_checkpoint(tar);
    end(tar);
    assert_int_equal(visit(tar, &record, 4096, &error), -1);
    assert_string_equal(error.text, "the visitor refuses");
    assert_string_equal(record.text, "config.dump 0 2\n");
}

static void test_a_damaged_tar_inside_is_refused(void **state)
{
    struct tar *tar = *state;
    uint8_t bytes[8192];
    size_t len = make_inner(bytes, sizeof bytes, true);

    bytes[len - 5]++; /* the CRC */
    add_checkpoint(tar);
    add(tar, "rootfs-diff.tar", AE_IFREG, bytes, len);
    end(tar);
    assert_refused(tar, "rootfs-diff.tar: damaged gzip data");
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
        assert_int_equal(walk_archive_with(&walk, &source.source, NULL, &error), -1);
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
        cmocka_unit_test_setup_teardown(test_a_visitor_sees_the_tars_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_walk_can_be_cancelled_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_visitor_can_refuse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_tar_inside_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_error_of_the_source_comes_through, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
