// SPDX-License-Identifier: Apache-2.0
/* Temporary names of programs that are gone, and of those that are not. */
#include "layout-fixture.h"

#include "base/tmpfile.h"

static int is_temporary(const struct dirent *entry)
{
    return strncmp(entry->d_name, TMPFILE_PREFIX, strlen(TMPFILE_PREFIX)) == 0;
}

static int count_temporary(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_temporary, NULL);

    for (int i = 0; i < count; i++)
        free(entries[i]);
    if (count >= 0)
        free(entries);
    return count;
}

/* Is killed while it writes, where files cannot do without a name. */
static int die(struct store_fixture *fixture)
{
    struct image_target *target = layout_target_new(fixture->path);
    char bytes[LAYER_LEN];
    struct layer_source layer;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    if (open_for(target, "v1", &fixture->error) ||
        image_target_put_layer(target, &layer.source, -1, &fixture->progress, &fixture->error))
        return 1;
    _exit(count_temporary(in_layout(fixture, "blobs/sha256")) == 1 ? 0 : 2);
}

static void test_what_a_killed_run_has_left_goes_with_the_next(void **state)
{
    struct store_fixture *fixture = *state;
    int status = without_nameless_files(die, fixture);

    if (status == CHILD_SKIPPED)
        skip();
    assert_int_equal(status, 0);
    assert_int_equal(count_temporary(in_layout(fixture, "blobs/sha256")), 1);
    write_file(in_layout(fixture, TMPFILE_PREFIX "0123456789abcdef"), "half an index");
    add(fixture, "v1", "a");
    assert_int_equal(count_temporary(in_layout(fixture, "blobs/sha256")), 0);
    assert_int_equal(count_temporary(fixture->path), 0);
}

/* 0: the first of two runs, which is still at work, keeps its file. */
static int work_beside_another(struct store_fixture *fixture)
{
    struct image_target *first = layout_target_new(fixture->path);
    struct image_target *second = layout_target_new(fixture->path);
    struct image *image = make_image("a", 0);
    char bytes[LAYER_LEN];
    struct layer_source layer;
    int count, result;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    if (open_for(first, "v1", &fixture->error) || open_for(second, "v2", &fixture->error))
        return 1;
    count = count_temporary(in_layout(fixture, "blobs/sha256"));
    result =
        image_target_put_layer(first, &layer.source, -1, &fixture->progress, &fixture->error) ||
        publish(first, image, &fixture->error);
    image_target_free(first);
    image_target_free(second);
    image_free(image);
    return result || count != 2 ? 2 : count_temporary(in_layout(fixture, "blobs/sha256"));
}

static void test_what_a_running_program_holds_stays(void **state)
{
    struct store_fixture *fixture = *state;
    int status = without_nameless_files(work_beside_another, fixture);

    if (status == CHILD_SKIPPED)
        skip();
    assert_int_equal(status, 0);
}

static void test_an_archive_file_clears_its_directory(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    struct image_target *target = oci_archive_target_new(fixture->path, true);
    char left[128];

    snprintf(left, sizeof left, "%s/" TMPFILE_PREFIX "0123456789abcdef", fixture->dir);
    write_file(left, "half an archive");
    assert_int_equal(write_image(target, "v1", "a", image, NULL, &fixture->progress,
                                 &fixture->error),
                     0);
    image_target_free(target);
    assert_int_equal(count_names(fixture->dir), 1);
}

static void test_what_only_looks_like_it_stays(void **state)
{
    static const char *const names[] = {
        TMPFILE_PREFIX,
        TMPFILE_PREFIX "0123456789abcde",
        TMPFILE_PREFIX "0123456789abcdef0",
        TMPFILE_PREFIX "0123456789abcdeg",
        "x" TMPFILE_PREFIX "0123456789abcdef",
    };
    struct store_fixture *fixture = *state;
    struct image_target *target = oci_archive_target_new(fixture->path, true);
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->dir, names[i]);
        write_file(path, "precious");
    }
    snprintf(path, sizeof path, "%s/" TMPFILE_PREFIX "0000000000000001", fixture->dir);
    assert_int_equal(symlink("elsewhere", path), 0);
    snprintf(path, sizeof path, "%s/" TMPFILE_PREFIX "0000000000000002", fixture->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(open_for(target, NULL, &fixture->error), 0);
    image_target_free(target);
    assert_int_equal(count_names(fixture->dir), (int)(sizeof names / sizeof *names) + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_a_killed_run_has_left_goes_with_the_next),
        TEST(test_what_a_running_program_holds_stays),
        TEST(test_an_archive_file_clears_its_directory),
        TEST(test_what_only_looks_like_it_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
