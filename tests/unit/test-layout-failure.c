// SPDX-License-Identifier: Apache-2.0
/* What a layout looks like when a run fails, or is not the only one. */
#include "layout-fixture.h"

#include <pthread.h>
#include <signal.h>

static void test_free_without_publish_takes_everything_back(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = layout_target_new(fixture->path);

    image_target_free(layout_target_new(fixture->path));
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_true(exists(in_layout(fixture, "blobs/sha256")));
    image_target_free(target);
    assert_false(exists(fixture->path));
}

static void test_free_leaves_directories_that_were_there(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = layout_target_new(fixture->path);

    assert_int_equal(mkdir(fixture->path, 0755), 0);
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    image_target_free(target);
    assert_true(exists(fixture->path));
    assert_int_equal(count_names(fixture->path), 0);
}

static void test_a_source_that_fails_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = layout_target_new(fixture->path);
    char bytes[LAYER_LEN];
    struct layer_source layer;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    layer.fail_at = LAYER_LEN / 2;
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(target, &layer.source, -1, &fixture->progress,
                                            &fixture->error),
                     -1);
    assert_int_equal(fixture->error.kind, ERROR_ARCHIVE);
    assert_string_equal(fixture->error.text, "the archive is cut short");
    image_target_free(target);
    assert_int_equal(count_names(fixture->dir), 0);
}

static void test_an_image_of_another_layer_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);

    image->layer.size++;
    assert_int_equal(try_add(fixture, "v1", "a", image, NULL), -1);
    assert_says(&fixture->error, "10000 bytes instead of 10001");
    assert_int_equal(count_names(fixture->dir), 0);
}

static void test_a_full_disk_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    int result;

    limit_file_size(LAYER_LEN - 1);
    result = try_add(fixture, "v1", "a", image, NULL);
    unlimit_file_size();
    assert_int_equal(result, -1);
    assert_says(&fixture->error, "image/blobs/sha256: File too large; choose another destination");
    assert_int_equal(count_names(fixture->dir), 0);
}

/* publish() with room for files of this size only. */
static int publish_limited(struct store_fixture *fixture, const struct image *image, rlim_t bytes)
{
    cleanup(image_target_freep) struct image_target *target = layout_target_new(fixture->path);
    char layer_bytes[LAYER_LEN];
    struct layer_source layer;
    int result;

    make_layer(layer_bytes, "a");
    layer = layer_source(layer_bytes);
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(target, &layer.source, -1, &fixture->progress,
                                            &fixture->error),
                     0);
    limit_file_size(bytes);
    result = publish(target, image, &fixture->error);
    unlimit_file_size();
    return result;
}

static void test_a_publish_that_fails_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 1000);

    /* No room for the config, then for the config but not for the manifest. */
    assert_int_equal(publish_limited(fixture, image, 1), -1);
    assert_int_equal(count_names(fixture->dir), 0);
    assert_true(image->config.size < 1000);
    assert_int_equal(publish_limited(fixture, image, 1000), -1);
    assert_int_equal(count_names(fixture->dir), 0);
    assert_int_equal(publish_limited(fixture, image, 2000), 0);
}

static void test_an_index_that_cannot_be_written_stays_as_it_was(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup(image_freep) struct image *other = make_image("b", 0);
    cleanup(buffer_done) struct buffer before, after;

    for (int i = 0; i < 10; i++) {
        char tag[16];

        snprintf(tag, sizeof tag, "b%d", i);
        assert_int_equal(try_add(fixture, tag, "b", other, NULL), 0);
    }
    read_file(in_layout(fixture, "index.json"), &before);
    assert_int_equal(publish_limited(fixture, image, before.len), -1);
    read_file(in_layout(fixture, "index.json"), &after);
    assert_string_equal(after.data, before.data);
    assert_int_equal(count_names(fixture->path), 3);
    assert_int_equal(count_names(in_layout(fixture, "blobs/sha256")), 3);
    assert_true(exists(blob_path(fixture, &other->layer.digest)));
    assert_false(exists(blob_path(fixture, &image->layer.digest)));
}

/* The rest of a layout whose index has been lost: a failure must take back only its own. */
static void test_a_failed_publish_keeps_blobs_that_were_there(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 1000);

    assert_int_equal(try_add(fixture, "v1", "a", image, NULL), 0);
    assert_int_equal(unlink(in_layout(fixture, "index.json")), 0);
    assert_int_equal(publish_limited(fixture, image, 1), -1);
    assert_true(exists(blob_path(fixture, &image->layer.digest)));
    assert_true(exists(blob_path(fixture, &image->config.digest)));
    assert_true(exists(blob_path(fixture, &image->manifest.digest)));
    assert_true(exists(in_layout(fixture, "oci-layout")));
}

/* Others may need the damaged blob as well. */
static void test_a_failed_publish_keeps_blobs_it_made_good(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 1000);
    char layer[LAYER_LEN];

    assert_int_equal(try_add(fixture, "v2", "a", image, NULL), 0);
    write_file(blob_path(fixture, &image->layer.digest), "too short");
    assert_int_equal(publish_limited(fixture, image, 1), -1);
    make_layer(layer, "a");
    assert_blob(fixture, &image->layer, layer);
}

static void test_a_failed_run_leaves_directories_that_another_uses(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *failing = layout_target_new(fixture->path);
    cleanup(image_target_freep) struct image_target *other = layout_target_new(fixture->path);
    cleanup(image_freep) struct image *image = make_image("a", 0);
    char bytes[LAYER_LEN];
    struct layer_source layer;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    assert_int_equal(open_for(failing, "v1", &fixture->error), 0);
    assert_int_equal(open_for(other, "v2", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(other, &layer.source, -1, &fixture->progress,
                                            &fixture->error),
                     0);
    image_target_free(failing);
    assert_int_equal(publish(other, image, &fixture->error), 0);
    assert_tag(fixture, "v2", &image->manifest.digest);
}

struct writer {
    struct store_fixture *fixture;
    const char *tag;
    struct progress progress;
    struct error error;
    int result;
};

static void *write_in_thread(void *context)
{
    struct writer *writer = context;
    cleanup(image_freep) struct image *image = make_image(writer->tag, 0);
    cleanup(image_target_freep) struct image_target *target =
        layout_target_new(writer->fixture->path);

    writer->result = write_image(target, writer->tag, writer->tag, image, NULL, &writer->progress,
                                 &writer->error);
    return NULL;
}

static void test_writers_at_the_same_time_lose_nothing(void **state)
{
    struct writer writers[] = {{.tag = "a"}, {.tag = "b"}, {.tag = "c"}, {.tag = "d"}};
    enum { COUNT = sizeof writers / sizeof *writers };
    struct store_fixture *fixture = *state;
    pthread_t threads[COUNT];

    for (int i = 0; i < COUNT; i++) {
        writers[i].fixture = fixture;
        assert_int_equal(pthread_create(&threads[i], NULL, write_in_thread, &writers[i]), 0);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < COUNT; i++) {
        cleanup(image_freep) struct image *image = make_image(writers[i].tag, 0);

        if (writers[i].result)
            fail_msg("%s", writers[i].error.text);
        assert_tag(fixture, writers[i].tag, &image->manifest.digest);
    }
    assert_int_equal(count_names(fixture->path), 3);
}

/* With temporary names instead of nameless files: new, added to, failed. */
static int use_temporary_names(struct store_fixture *fixture)
{
    cleanup(image_freep) struct image *image = make_image("a", 0);
    struct image_target *target;
    bool already_there;

    if (try_add(fixture, "v1", "a", image, &already_there) || already_there ||
        try_add(fixture, "v2", "a", image, &already_there) || already_there)
        return 1;
    if (count_names(in_layout(fixture, "blobs/sha256")) != 3 || count_names(fixture->path) != 3)
        return 2;
    if (mode_of(blob_path(fixture, &image->layer.digest)) != 0600)
        return 3;
    target = layout_target_new(fixture->path);
    if (open_for(target, "v3", &fixture->error) ||
        count_names(in_layout(fixture, "blobs/sha256")) != 4)
        return 4;
    image_target_free(target);
    return count_names(in_layout(fixture, "blobs/sha256")) == 3 ? 0 : 5;
}

static void test_file_systems_without_nameless_files_work_too(void **state)
{
    struct store_fixture *fixture = *state;
    mode_t before = umask(022);
    int status = without_nameless_files(use_temporary_names, fixture);

    umask(before);
    if (status == CHILD_SKIPPED)
        skip();
    assert_int_equal(status, 0);
    assert_int_equal(count_images(fixture), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_free_without_publish_takes_everything_back),
        TEST(test_free_leaves_directories_that_were_there),
        TEST(test_a_source_that_fails_leaves_nothing),
        TEST(test_an_image_of_another_layer_is_refused),
        TEST(test_a_full_disk_leaves_nothing),
        TEST(test_a_publish_that_fails_leaves_nothing),
        TEST(test_an_index_that_cannot_be_written_stays_as_it_was),
        TEST(test_a_failed_publish_keeps_blobs_that_were_there),
        TEST(test_a_failed_publish_keeps_blobs_it_made_good),
        TEST(test_a_failed_run_leaves_directories_that_another_uses),
        TEST(test_writers_at_the_same_time_lose_nothing),
        TEST(test_file_systems_without_nameless_files_work_too),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
