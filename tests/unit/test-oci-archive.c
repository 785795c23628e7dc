// SPDX-License-Identifier: Apache-2.0
#include "store-fixture.h"

#include <signal.h>

#include <archive.h>
#include <archive_entry.h>

#include "store/tar.h"

enum { MEMBERS = 5 };

/* What libarchive finds in an archive file. */
struct content {
    int count;
    char names[MEMBERS][128];
    struct buffer members[MEMBERS];
};

static void content_done(struct content *content)
{
    for (int i = 0; i < content->count; i++)
        buffer_done(&content->members[i]);
}

static void read_member(struct archive *archive, struct archive_entry *entry,
                        struct content *content)
{
    struct buffer *member = &content->members[content->count];
    char block[1000];
    la_ssize_t len;

    assert_int_equal(archive_entry_filetype(entry), AE_IFREG);
    assert_int_equal(archive_entry_perm(entry), 0644);
    assert_int_equal(archive_entry_mtime(entry), 0);
    assert_int_equal(archive_entry_uid(entry), 0);
    assert_int_equal(archive_entry_gid(entry), 0);
    snprintf(content->names[content->count], sizeof content->names[0], "%s",
             archive_entry_pathname(entry));
    buffer_init(member, FILE_MAX_BYTES);
    while ((len = archive_read_data(archive, block, sizeof block)) > 0)
        assert_int_equal(buffer_append(member, block, (size_t)len), 0);
    assert_int_equal(len, 0);
    content->count++;
}

static void read_content(const char *path, struct content *content)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    int result;

    content->count = 0;
    assert_int_equal(archive_read_support_format_tar(archive), ARCHIVE_OK);
    assert_int_equal(archive_read_open_filename(archive, path, 10240), ARCHIVE_OK);
    while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        assert_true(content->count < MEMBERS);
        read_member(archive, entry, content);
    }
    assert_int_equal(result, ARCHIVE_EOF);
    archive_read_free(archive);
}

static void assert_member(const struct content *content, const char *name, const void *bytes,
                          size_t len)
{
    for (int i = 0; i < content->count; i++) {
        if (strcmp(content->names[i], name) != 0)
            continue;
        assert_int_equal(content->members[i].len, len);
        if (len)
            assert_memory_equal(content->members[i].data, bytes, len);
        return;
    }
    fail_msg("no member %s", name);
}

static void assert_blob(const struct content *content, const struct descriptor *blob,
                        const void *bytes)
{
    cleanup_free char *name = xasprintf("blobs/sha256/%s", digest_hex(&blob->digest));

    assert_member(content, name, bytes, blob->size);
}

static int try_write(struct store_fixture *fixture, const char *tag, const char *note,
                     const struct image *image)
{
    cleanup(image_target_freep) struct image_target *target =
        oci_archive_target_new(fixture->path, true);
    bool already_there = true;
    int result =
        write_image(target, tag, note, image, &already_there, &fixture->progress, &fixture->error);

    if (result == 0)
        assert_false(already_there);
    return result;
}

static void write_ok(struct store_fixture *fixture, const char *tag, const char *note)
{
    cleanup(image_freep) struct image *image = make_image(note, 0);

    if (try_write(fixture, tag, note, image))
        fail_msg("%s", fixture->error.text);
}

static void test_archive_holds_a_layout_of_one_image(void **state)
{
    static const char marker[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup(content_done) struct content content;
    char layer[LAYER_LEN];

    write_ok(fixture, "host/a:v1", "a");
    read_content(fixture->path, &content);
    assert_int_equal(content.count, 5);
    make_layer(layer, "a");
    assert_blob(&content, &image->layer, layer);
    assert_blob(&content, &image->config, image->config_json);
    assert_blob(&content, &image->manifest, image->manifest_json);
    assert_member(&content, "oci-layout", marker, strlen(marker));
    cleanup_free char *index =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                  "\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                  "\"digest\":\"%s\",\"size\":%d,\"annotations\":"
                  "{\"org.opencontainers.image.ref.name\":\"host/a:v1\"}}]}",
                  image->manifest.digest.text, (int)image->manifest.size);
    assert_member(&content, "index.json", index, strlen(index));
    assert_int_equal(count_names(fixture->dir), 1);
}

static void test_without_a_tag_the_image_has_no_name(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup(content_done) struct content content;

    write_ok(fixture, NULL, "a");
    read_content(fixture->path, &content);
    cleanup_free char *index =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                  "\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                  "\"digest\":\"%s\",\"size\":%d}]}",
                  image->manifest.digest.text, (int)image->manifest.size);
    assert_member(&content, "index.json", index, strlen(index));
}

static void test_the_same_image_gives_the_same_bytes(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(buffer_done) struct buffer first, second;

    write_ok(fixture, "v1", "a");
    read_file(fixture->path, &first);
    write_ok(fixture, "v1", "a");
    read_file(fixture->path, &second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
}

static void test_the_file_ends_with_two_blocks_of_zeros(void **state)
{
    static const char zeros[2 * TAR_BLOCK_BYTES];
    struct store_fixture *fixture = *state;
    cleanup(buffer_done) struct buffer content;

    write_ok(fixture, "v1", "a");
    read_file(fixture->path, &content);
    assert_int_equal(content.len % TAR_BLOCK_BYTES, 0);
    assert_memory_equal(content.data + content.len - sizeof zeros, zeros, sizeof zeros);
    /* Header and blocks of the layer, header and block of the rest, the end. */
    assert_int_equal(content.len / TAR_BLOCK_BYTES, (1 + 20) + 4 * (1 + 1) + 2);
}

static void test_an_older_file_is_replaced(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("b", 0);
    cleanup(content_done) struct content content;
    char layer[LAYER_LEN];

    write_file(fixture->path, "not even a tar");
    write_ok(fixture, "v1", "a");
    write_ok(fixture, "v1", "b");
    read_content(fixture->path, &content);
    make_layer(layer, "b");
    assert_blob(&content, &image->layer, layer);
    assert_int_equal(content.count, 5);
    assert_int_equal(count_names(fixture->dir), 1);
}

static void test_it_is_its_owners_alone_whatever_the_umask(void **state)
{
    struct store_fixture *fixture = *state;
    mode_t before = umask(0);

    write_ok(fixture, "v1", "a");
    assert_int_equal(mode_of(fixture->path), 0600);
    assert_int_equal(chmod(fixture->path, 0644), 0);
    write_ok(fixture, "v1", "b");
    umask(before);
    assert_int_equal(mode_of(fixture->path), 0600);
}

static void test_progress_counts_the_layer(void **state)
{
    struct store_fixture *fixture = *state;

    write_ok(fixture, "v1", "a");
    assert_int_equal(fixture->progress.bytes_sent, LAYER_LEN);
}

static void test_a_file_in_the_working_directory_needs_no_slash(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup_close int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(chdir(fixture->dir), 0);
    strcpy(fixture->path, "image.tar");
    write_ok(fixture, "v1", "a");
    assert_int_equal(fchdir(before), 0);
    assert_int_equal(count_names(fixture->dir), 1);
}

static void test_headers_of_huge_layers_have_one_block(void **state)
{
    static const uint64_t sizes[] = {0, 1, 8589934591, 8589934592, 1ULL << 45};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t block[TAR_BLOCK_BYTES];
        struct archive *archive = archive_read_new();
        struct archive_entry *entry;

        assert_int_equal(tar_file_header(block, "name", sizes[i], &fixture->error), 0);
        archive_read_support_format_tar(archive);
        assert_int_equal(archive_read_open_memory(archive, block, sizeof block), ARCHIVE_OK);
        assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
        assert_int_equal(archive_entry_size(entry), sizes[i]);
        assert_string_equal(archive_entry_pathname(entry), "name");
        archive_read_free(archive);
    }
}

/* Opening must fail; `left` is how many names are then in the directory. */
static void assert_open_refused(struct store_fixture *fixture, const char *path, const char *tag,
                                enum error_kind kind, const char *part, int left)
{
    struct image_target *target = oci_archive_target_new(path, true);

    fixture->error = (struct error){0};
    assert_int_equal(open_for(target, tag, &fixture->error), -1);
    image_target_free(target);
    assert_int_equal(fixture->error.kind, kind);
    assert_says(&fixture->error, part);
    assert_int_equal(count_names(fixture->dir), left);
}

static void test_directories_are_refused(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup_free char *slash = xasprintf("%s/", fixture->dir);
    cleanup_free char *dot = xasprintf("%s/.", fixture->dir);
    cleanup_free char *above = xasprintf("%s/..", fixture->dir);

    assert_open_refused(fixture, fixture->dir, "v1", ERROR_USAGE, "this is a directory", 0);
    assert_open_refused(fixture, slash, "v1", ERROR_USAGE, "this is a directory", 0);
    assert_open_refused(fixture, dot, "v1", ERROR_USAGE, "this is a directory", 0);
    assert_open_refused(fixture, above, "v1", ERROR_USAGE, "this is a directory", 0);
    assert_open_refused(fixture, "", "v1", ERROR_USAGE, "this is a directory", 0);
}

static void test_missing_parents_are_refused(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup_free char *path = xasprintf("%s/no/file.tar", fixture->dir);

    assert_open_refused(fixture, path, "v1", ERROR_FAILED, "No such file or directory", 0);
    assert_says(&fixture->error, "create this directory");
}

/* A rename over them would put a file in their place. */
static void test_devices_links_and_fifos_are_refused(void **state)
{
    struct store_fixture *fixture = *state;

    assert_open_refused(fixture, "/dev/null", "v1", ERROR_USAGE, "not a regular file", 0);
    assert_int_equal(symlink("elsewhere", fixture->path), 0);
    assert_open_refused(fixture, fixture->path, "v1", ERROR_USAGE, "symbolic link", 1);
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_open_refused(fixture, fixture->path, "v1", ERROR_USAGE, "not a regular file", 1);
}

static void test_names_too_long_for_a_file_are_refused_at_once(void **state)
{
    struct store_fixture *fixture = *state;
    char name[NAME_MAX + 2] = "";

    memset(name, 'x', sizeof name - 1);
    cleanup_free char *path = xasprintf("%s/%s", fixture->dir, name);
    assert_open_refused(fixture, path, "v1", ERROR_FAILED, "File name too long", 0);
}

static void test_tags_outside_the_grammar_are_refused(void **state)
{
    struct store_fixture *fixture = *state;

    assert_open_refused(fixture, fixture->path, "a b", ERROR_USAGE, "\"a b\"", 0);
    assert_open_refused(fixture, fixture->path, "", ERROR_USAGE, "\"\"", 0);
}

static void test_free_without_publish_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = oci_archive_target_new(fixture->path, true);
    char bytes[LAYER_LEN];
    struct layer_source layer;

    image_target_free(oci_archive_target_new(fixture->path, true));
    make_layer(bytes, "a");
    layer = layer_source(bytes);
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(target, &layer.source, -1, &fixture->progress,
                                            &fixture->error),
                     0);
    assert_int_equal(count_names(fixture->dir), 0);
    image_target_free(target);
    assert_int_equal(count_names(fixture->dir), 0);
}

static void test_a_source_that_fails_leaves_the_older_file(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = oci_archive_target_new(fixture->path, true);
    cleanup(buffer_done) struct buffer content;
    char bytes[LAYER_LEN];
    struct layer_source layer;

    write_file(fixture->path, "older");
    make_layer(bytes, "a");
    layer = layer_source(bytes);
    layer.fail_at = LAYER_LEN / 2;
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(target, &layer.source, -1, &fixture->progress,
                                            &fixture->error),
                     -1);
    assert_string_equal(fixture->error.text, "the archive is cut short");
    image_target_free(target);
    read_file(fixture->path, &content);
    assert_string_equal(content.data, "older");
    assert_int_equal(count_names(fixture->dir), 1);
}

static void test_an_image_of_another_layer_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);

    image->layer.size--;
    assert_int_equal(try_write(fixture, "v1", "a", image), -1);
    assert_says(&fixture->error, "10000 bytes instead of 9999");
    assert_int_equal(count_names(fixture->dir), 0);
}

static void test_a_full_disk_leaves_the_older_file(void **state)
{
    /* No room for the header of the layer, for its bytes, for its padding, for the rest. */
    static const rlim_t limits[] = {100, LAYER_LEN, TAR_BLOCK_BYTES + LAYER_LEN,
                                    TAR_BLOCK_BYTES + 20 * TAR_BLOCK_BYTES + 100};
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);

    write_file(fixture->path, "older");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        cleanup(buffer_done) struct buffer content;
        int result;

        limit_file_size(limits[i]);
        result = try_write(fixture, "v1", "a", image);
        unlimit_file_size();
        assert_int_equal(result, -1);
        assert_says(&fixture->error, "image: File too large; choose another destination");
        read_file(fixture->path, &content);
        assert_string_equal(content.data, "older");
        assert_int_equal(count_names(fixture->dir), 1);
    }
}

static int try_keep(struct store_fixture *fixture, const char *tag, const char *note)
{
    cleanup(image_target_freep) struct image_target *target =
        oci_archive_target_new(fixture->path, false);
    cleanup(image_freep) struct image *image = make_image(note, 0);

    return write_image(target, tag, note, image, NULL, &fixture->progress, &fixture->error);
}

static void assert_kept(struct store_fixture *fixture, const char *tag, const char *note)
{
    cleanup(buffer_done) struct buffer before, after;

    read_file(fixture->path, &before);
    assert_int_equal(try_keep(fixture, tag, note), -1);
    assert_says(&fixture->error, "--force");
    read_file(fixture->path, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    assert_int_equal(count_names(fixture->dir), 1);
}

static void test_another_image_is_not_replaced_unasked(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_equal(try_keep(fixture, "v1", "a"), 0);
    assert_int_equal(try_keep(fixture, "v1", "a"), 0);
    assert_kept(fixture, "v1", "b");
    assert_says(&fixture->error, "holds another image, \"v1\"");
    assert_kept(fixture, "v2", "a");
    assert_kept(fixture, NULL, "a");
    write_ok(fixture, "v2", "b");
    /* Without a name, the image decides; one that gets a name is not lost. */
    write_ok(fixture, NULL, "b");
    assert_kept(fixture, NULL, "a");
    assert_int_equal(try_keep(fixture, "v1", "b"), 0);
}

static void test_what_is_no_archive_is_not_replaced_unasked(void **state)
{
    struct store_fixture *fixture = *state;

    write_file(fixture->path, "notes of mine");
    assert_kept(fixture, "v1", "a");
    write_file(fixture->path, "");
    assert_int_equal(try_keep(fixture, "v1", "a"), 0);
}

/* With temporary names instead of nameless files: new, replaced, failed. */
static int use_temporary_names(struct store_fixture *fixture)
{
    cleanup(image_freep) struct image *image = make_image("a", 0);
    struct image_target *target;

    if (try_write(fixture, "v1", "a", image) || count_names(fixture->dir) != 1 ||
        try_write(fixture, "v2", "a", image) || count_names(fixture->dir) != 1)
        return 1;
    target = oci_archive_target_new(fixture->path, true);
    if (open_for(target, "v3", &fixture->error) || count_names(fixture->dir) != 2)
        return 2;
    image_target_free(target);
    return count_names(fixture->dir) == 1 ? 0 : 3;
}

static void test_file_systems_without_nameless_files_work_too(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(content_done) struct content content = {0};
    int status = without_nameless_files(use_temporary_names, fixture);

    if (status == CHILD_SKIPPED)
        skip();
    assert_int_equal(status, 0);
    read_content(fixture->path, &content);
    assert_int_equal(content.count, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_archive_holds_a_layout_of_one_image),
        TEST(test_without_a_tag_the_image_has_no_name),
        TEST(test_the_same_image_gives_the_same_bytes),
        TEST(test_the_file_ends_with_two_blocks_of_zeros),
        TEST(test_an_older_file_is_replaced),
        TEST(test_another_image_is_not_replaced_unasked),
        TEST(test_what_is_no_archive_is_not_replaced_unasked),
        TEST(test_it_is_its_owners_alone_whatever_the_umask),
        TEST(test_progress_counts_the_layer),
        TEST(test_a_file_in_the_working_directory_needs_no_slash),
        TEST(test_headers_of_huge_layers_have_one_block),
        TEST(test_directories_are_refused),
        TEST(test_missing_parents_are_refused),
        TEST(test_devices_links_and_fifos_are_refused),
        TEST(test_names_too_long_for_a_file_are_refused_at_once),
        TEST(test_tags_outside_the_grammar_are_refused),
        TEST(test_free_without_publish_leaves_nothing),
        TEST(test_a_source_that_fails_leaves_the_older_file),
        TEST(test_an_image_of_another_layer_is_refused),
        TEST(test_a_full_disk_leaves_the_older_file),
        TEST(test_file_systems_without_nameless_files_work_too),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
