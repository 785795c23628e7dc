// SPDX-License-Identifier: Apache-2.0
/* Reading back what the targets of the same room have written; what skopeo writes is read by
 * tests/cli/pull.bats. */
#include "store-fixture.h"

typedef struct image_target *target_new(const char *path);
typedef struct image_source *source_new(const char *path, const char *reference);

static void write_one(struct store_fixture *fixture, target_new *new, const char *tag,
                      const char *note)
{
    cleanup(image_freep) struct image *image = make_image(note, 0);
    cleanup(image_target_freep) struct image_target *target = new (fixture->path);

    if (write_image(target, tag, note, image, NULL, &fixture->progress, &fixture->error))
        fail_msg("%s", fixture->error.text);
}

static struct image_source *open_source(struct store_fixture *fixture, source_new *new,
                                        const char *reference)
{
    struct image_source *source = new (fixture->path, reference);

    if (image_source_open(source, &fixture->error))
        fail_msg("%s", fixture->error.text);
    return source;
}

static void assert_bytes(struct source *blob, const char *bytes, size_t len,
                         struct store_fixture *fixture)
{
    const void *data;
    size_t got, at = 0;
    int more;

    while ((more = source_next(blob, &data, &got, &fixture->error)) > 0) {
        assert_true(at + got <= len);
        assert_memory_equal(data, bytes + at, got);
        at += got;
    }
    assert_int_equal(more, 0);
    assert_int_equal(at, len);
}

static void read_back(struct store_fixture *fixture, source_new *new, const char *tag,
                      const char *note)
{
    cleanup(image_source_freep) struct image_source *source = open_source(fixture, new, tag);
    cleanup(image_freep) struct image *image = make_image(note, 0);
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    cleanup(source_freep) struct source *layer = NULL;
    char bytes[LAYER_LEN];

    if (image_source_get_manifest(source, NULL, &manifest, &fixture->error))
        fail_msg("%s", fixture->error.text);
    assert_string_equal(manifest->digest.text, image->manifest.digest.text);
    assert_int_equal(manifest->part_count, 2);
    assert_int_equal(image_source_get_blob(source, &manifest->parts[1], &layer, &fixture->error),
                     0);
    make_layer(bytes, note);
    assert_bytes(layer, bytes, LAYER_LEN, fixture);
    assert_int_equal(source_seek(layer, 5000, &fixture->error), 0);
    assert_bytes(layer, bytes + 5000, LAYER_LEN - 5000, fixture);
}

static struct image_target *new_archive(const char *path)
{
    return oci_archive_target_new(path, false);
}

static void test_an_archive(void **state)
{
    write_one(*state, new_archive, "one", "a");
    read_back(*state, oci_archive_source_new, "one", "a");
    read_back(*state, oci_archive_source_new, NULL, "a");
}

static void test_a_layout_with_two_images(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_source_freep) struct image_source *source = NULL;
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    cleanup(json_decrefp) json_t *tags = NULL;

    write_one(fixture, layout_target_new, "one", "a");
    write_one(fixture, layout_target_new, "two", "b");
    read_back(fixture, layout_source_new, "one", "a");
    read_back(fixture, layout_source_new, "two", "b");

    source = open_source(fixture, layout_source_new, NULL);
    assert_int_equal(image_source_list_tags(source, &tags, &fixture->error), 0);
    assert_int_equal(json_array_size(tags), 2);
    assert_string_equal(json_string_value(json_array_get(tags, 0)), "one");
    assert_int_equal(image_source_get_manifest(source, NULL, &manifest, &fixture->error), -1);
    assert_says(&fixture->error, "2 images");
    assert_int_equal(image_source_get_manifest(source, "three", &manifest, &fixture->error), -1);
    assert_says(&fixture->error, "three");
}

static void test_a_damaged_manifest_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup(image_source_freep) struct image_source *source = NULL;
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    cleanup_free char *path = NULL, *text = NULL;

    write_one(fixture, layout_target_new, "one", "a");
    path = xasprintf("%s/blobs/sha256/%s", fixture->path, digest_hex(&image->manifest.digest));
    text = xasprintf("%s ", image->manifest_json);
    write_file(path, text);
    source = open_source(fixture, layout_source_new, "one");
    assert_int_equal(image_source_get_manifest(source, NULL, &manifest, &fixture->error), -1);
    assert_says(&fixture->error, "damaged");
}

static void test_a_layer_of_another_size_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup(image_source_freep) struct image_source *source = NULL;
    cleanup_free char *path = NULL;
    struct source *blob;

    write_one(fixture, layout_target_new, "one", "a");
    path = xasprintf("%s/blobs/sha256/%s", fixture->path, digest_hex(&image->layer.digest));
    assert_int_equal(truncate(path, LAYER_LEN - 1), 0);
    source = open_source(fixture, layout_source_new, "one");
    assert_int_equal(image_source_get_blob(source, &image->layer, &blob, &fixture->error), -1);
    assert_says(&fixture->error, "9999 bytes instead of 10000");
}

static void assert_refused(struct store_fixture *fixture, source_new *new, const char *part)
{
    cleanup(image_source_freep) struct image_source *source = new (fixture->path, NULL);

    assert_int_equal(image_source_open(source, &fixture->error), -1);
    assert_says(&fixture->error, part);
}

static void test_what_is_no_layout(void **state)
{
    struct store_fixture *fixture = *state;

    assert_refused(fixture, layout_source_new, "No such file");
    assert_refused(fixture, oci_archive_source_new, "No such file");
    write_file(fixture->path, "this is no tar file, whatever its name says");
    assert_refused(fixture, oci_archive_source_new, "no plain tar file");
    write_file(fixture->path, "\x1f\x8b\x08");
    assert_refused(fixture, oci_archive_source_new, "decompress it first, as gzip -d does");
    assert_refused(fixture, layout_source_new, "Not a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_archive),
        TEST(test_a_layout_with_two_images),
        TEST(test_a_damaged_manifest_is_refused),
        TEST(test_a_layer_of_another_size_is_refused),
        TEST(test_what_is_no_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
