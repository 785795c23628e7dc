// SPDX-License-Identifier: Apache-2.0
#include "layout-fixture.h"

#include "store/layout-files.h"

static void test_new_layout_is_what_the_specification_says(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup(buffer_done) struct buffer marker, index;
    char layer[LAYER_LEN];

    add(fixture, "v1", "a");
    make_layer(layer, "a");
    assert_blob(fixture, &image->layer, layer);
    assert_blob(fixture, &image->config, image->config_json);
    assert_blob(fixture, &image->manifest, image->manifest_json);
    assert_int_equal(count_names(in_layout(fixture, "blobs/sha256")), 3);
    assert_int_equal(count_names(in_layout(fixture, "blobs")), 1);
    assert_int_equal(count_names(fixture->path), 3);
    read_file(in_layout(fixture, "oci-layout"), &marker);
    assert_string_equal(marker.data, "{\"imageLayoutVersion\":\"1.0.0\"}");
    read_file(in_layout(fixture, "index.json"), &index);
    cleanup_free char *expected =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                  "\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                  "\"digest\":\"%s\",\"size\":%d,\"annotations\":{\"" REF_NAME "\":\"v1\"}}]}",
                  image->manifest.digest.text, (int)image->manifest.size);
    assert_string_equal(index.data, expected);
}

static void test_it_is_its_owners_alone_whatever_the_umask(void **state)
{
    struct store_fixture *fixture = *state;
    mode_t before = umask(0);
    struct digest digest = add(fixture, "v1", "a");

    assert_int_equal(mode_of(fixture->path), 0700);
    assert_int_equal(mode_of(blob_path(fixture, &digest)), 0600);
    assert_int_equal(mode_of(in_layout(fixture, "index.json")), 0600);
    assert_int_equal(mode_of(in_layout(fixture, "oci-layout")), 0600);
    /* What is there keeps its mode, but for what comes into it. */
    assert_int_equal(chmod(fixture->path, 0755), 0);
    assert_int_equal(chmod(in_layout(fixture, "index.json"), 0644), 0);
    digest = add(fixture, "v2", "b");
    umask(before);
    assert_int_equal(mode_of(fixture->path), 0755);
    assert_int_equal(mode_of(in_layout(fixture, "index.json")), 0644);
    assert_int_equal(mode_of(blob_path(fixture, &digest)), 0600);
}

static void test_progress_counts_the_layer(void **state)
{
    struct store_fixture *fixture = *state;

    add(fixture, "v1", "a");
    assert_int_equal(fixture->progress.bytes_sent, LAYER_LEN);
    add(fixture, "v2", "b");
    assert_int_equal(fixture->progress.bytes_sent, 2 * LAYER_LEN);
}

static void test_nothing_is_visible_before_publish(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_target_freep) struct image_target *target = layout_target_new(fixture->path);
    char bytes[LAYER_LEN];
    struct layer_source layer;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    assert_false(exists(fixture->path));
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(target, &layer.source, LAYER_LEN, &fixture->progress,
                                            &fixture->error),
                     0);
    assert_false(exists(in_layout(fixture, "oci-layout")));
    assert_false(exists(in_layout(fixture, "index.json")));
    assert_int_equal(count_names(in_layout(fixture, "blobs/sha256")), 0);
}

static void test_staging_makes_nothing_visible(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = layout_target_new(fixture->path);
    cleanup(image_freep) struct image *image = make_image("a", 0);
    char bytes[LAYER_LEN];
    struct layer_source layer;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    assert_int_equal(open_for(target, "v1", &fixture->error), 0);
    assert_int_equal(image_target_put_layer(target, &layer.source, LAYER_LEN, &fixture->progress,
                                            &fixture->error),
                     0);
    assert_int_equal(image_target_stage(target, image, &fixture->error), 0);
    assert_false(exists(in_layout(fixture, "index.json")));
    assert_int_equal(count_names(in_layout(fixture, "blobs/sha256")), 0);
    image_target_free(target);
    assert_false(exists(fixture->path));
}

static void test_copied_blobs_stay_without_their_image(void **state)
{
    struct store_fixture *fixture = *state;
    struct image_target *target = layout_target_new(fixture->path);
    cleanup(image_freep) struct image *image = make_image("a", 0);
    char bytes[LAYER_LEN];
    struct layer_source layer;
    bool has;

    make_layer(bytes, "a");
    layer = layer_source(bytes);
    assert_int_equal(image_target_open(target, NULL, &fixture->error), 0);
    assert_int_equal(image_target_put_blob(target, &image->layer, &layer.source, &fixture->progress,
                                           &fixture->error),
                     0);
    image_target_free(target);
    assert_false(exists(in_layout(fixture, "index.json")));

    target = layout_target_new(fixture->path);
    assert_int_equal(image_target_open(target, NULL, &fixture->error), 0);
    assert_int_equal(image_target_has_blob(target, &image->layer, &has, &fixture->error), 0);
    assert_true(has);
    image_target_free(target);
}

/* What look_up says of the layout at `tag`: 1, 0 or -1. */
static int look_up(struct store_fixture *fixture, const char *tag, struct held_image *held)
{
    cleanup(image_target_freep) struct image_target *target = layout_target_new(fixture->path);

    assert_int_equal(open_for(target, tag, &fixture->error), 0);
    return image_target_look_up(target, held, &fixture->error);
}

static void test_look_up_finds_the_image_of_the_tag(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(held_image_done) struct held_image held = {0};
    struct digest v1, nameless;

    assert_int_equal(look_up(fixture, "v1", &held), 0);
    v1 = add(fixture, "v1", "a");
    add(fixture, "v2", "b");
    add(fixture, NULL, "c");
    nameless = add(fixture, NULL, "d");
    assert_int_equal(look_up(fixture, "v1", &held), 1);
    assert_string_equal(held.manifest.digest.text, v1.text);
    held_image_done(&held);
    assert_int_equal(look_up(fixture, NULL, &held), 1);
    assert_string_equal(held.manifest.digest.text, nameless.text);
    held_image_done(&held);
    assert_int_equal(look_up(fixture, "v3", &held), 0);
}

static void test_look_up_relies_on_nothing_that_is_damaged(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    const struct descriptor *blobs[] = {&image->layer, &image->config, &image->manifest};
    struct held_image held = {0};

    for (int i = 0; i < 3; i++) {
        add(fixture, "v1", "a");
        assert_int_equal(look_up(fixture, "v1", &held), 1);
        held_image_done(&held);
        write_file(blob_path(fixture, &blobs[i]->digest), "{}");
        assert_int_equal(look_up(fixture, "v1", &held), 0);
        assert_int_equal(unlink(blob_path(fixture, &blobs[i]->digest)), 0);
        assert_int_equal(look_up(fixture, "v1", &held), 0);
    }
}

static void test_two_tags_live_side_by_side(void **state)
{
    struct store_fixture *fixture = *state;
    struct digest first = add(fixture, "v1", "a"), second = add(fixture, "v2", "b");

    assert_tag(fixture, "v1", &first);
    assert_tag(fixture, "v2", &second);
    assert_int_equal(count_images(fixture), 2);
}

static void test_a_tag_moves_to_the_newer_image(void **state)
{
    struct store_fixture *fixture = *state;
    struct digest first, second;

    first = add(fixture, "v1", "a");
    second = add(fixture, "v1", "b");
    assert_tag(fixture, "v1", &second);
    assert_int_equal(count_images(fixture), 1);
    assert_true(exists(blob_path(fixture, &first)));
}

static void test_one_image_may_have_two_tags(void **state)
{
    struct store_fixture *fixture = *state;
    struct digest digest;

    add(fixture, "v1", "a");
    digest = add(fixture, "v2", "a");
    assert_tag(fixture, "v1", &digest);
    assert_tag(fixture, "v2", &digest);
    assert_int_equal(count_names(in_layout(fixture, "blobs/sha256")), 3);
}

static void test_an_image_without_tag_has_no_name(void **state)
{
    struct store_fixture *fixture = *state;
    struct digest digest;

    add(fixture, "v1", "a");
    digest = add(fixture, NULL, "a");
    assert_tag(fixture, NULL, &digest);
    assert_tag(fixture, "v1", &digest);
    digest = add(fixture, NULL, "a");
    assert_int_equal(count_images(fixture), 2);
    add(fixture, NULL, "b");
    assert_int_equal(count_images(fixture), 3);
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

static void test_the_same_again_changes_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    bool already_there = true;
    ino_t index, layer;

    assert_int_equal(try_add(fixture, "v1", "a", image, &already_there), 0);
    assert_false(already_there);
    index = inode_of(in_layout(fixture, "index.json"));
    layer = inode_of(blob_path(fixture, &image->layer.digest));
    assert_int_equal(try_add(fixture, "v1", "a", image, &already_there), 0);
    assert_true(already_there);
    assert_int_equal(inode_of(in_layout(fixture, "index.json")), index);
    assert_int_equal(inode_of(blob_path(fixture, &image->layer.digest)), layer);
    assert_int_equal(try_add(fixture, "v2", "a", image, &already_there), 0);
    assert_false(already_there);
}

static void test_a_lost_or_damaged_blob_is_made_good(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    char layer[LAYER_LEN];
    bool already_there;

    add(fixture, "v1", "a");
    write_file(blob_path(fixture, &image->layer.digest), "too short");
    write_file(blob_path(fixture, &image->config.digest), "too short");
    assert_int_equal(unlink(blob_path(fixture, &image->manifest.digest)), 0);
    assert_int_equal(try_add(fixture, "v1", "a", image, &already_there), 0);
    assert_true(already_there);
    make_layer(layer, "a");
    assert_blob(fixture, &image->layer, layer);
    assert_blob(fixture, &image->config, image->config_json);
    assert_blob(fixture, &image->manifest, image->manifest_json);
    assert_int_equal(count_names(in_layout(fixture, "blobs/sha256")), 3);
}

/* A layout that somebody else has made, with this index. */
static void make_foreign_layout(const struct store_fixture *fixture, const char *index)
{
    assert_int_equal(mkdir(fixture->path, 0755), 0);
    write_file(in_layout(fixture, "oci-layout"),
               "{\"imageLayoutVersion\": \"1.0.0\", \"com.example\": 1}\n");
    if (index)
        write_file(in_layout(fixture, "index.json"), index);
}

static void test_what_is_unknown_in_an_index_is_kept(void **state)
{
    static const char before[] =
        "{\"com.example.key\": {\"deep\": [1, 2.5, null]}, \"schemaVersion\": 2, \"manifests\": ["
        "{\"mediaType\": \"application/x\", \"digest\": \"sha512:00\", \"size\": 1,"
        " \"platform\": {\"os\": \"plan9\"}, \"annotations\": {\"k\": \"v\"}},"
        "{\"annotations\": {\"" REF_NAME "\": \"v1\"}, \"digest\": \"old\"},"
        " 17,"
        "{\"annotations\": {\"" REF_NAME "\": \"v1\"}, \"digest\": \"older\"},"
        "{\"annotations\": {\"" REF_NAME "\": \"other\"}, \"urls\": []}],"
        " \"annotations\": {\"a\": \"b\"}}";
    struct store_fixture *fixture = *state;
    cleanup(json_decrefp) json_t *expected = json_loads(before, 0, NULL);
    cleanup(json_decrefp) json_t *index = NULL;
    json_t *manifests = json_object_get(expected, "manifests");
    struct digest digest;

    make_foreign_layout(fixture, before);
    digest = add(fixture, "v1", "a");
    assert_tag(fixture, "v1", &digest);
    index = load_index(fixture);
    json_array_remove(json_object_get(index, "manifests"), 3);
    json_array_remove(manifests, 3);
    json_array_remove(manifests, 1);
    assert_true(json_equal(index, expected));
}

static void test_a_name_that_stood_twice_stands_once(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup_free char *index =
        xasprintf("{\"schemaVersion\":2,\"manifests\":["
                  "{\"digest\":\"%s\",\"annotations\":{\"" REF_NAME "\":\"v1\"}},"
                  "{\"digest\":\"sha256:00\",\"annotations\":{\"" REF_NAME "\":\"v1\"}}]}",
                  image->manifest.digest.text);
    bool already_there;

    make_foreign_layout(fixture, index);
    assert_int_equal(try_add(fixture, "v1", "a", image, &already_there), 0);
    assert_false(already_there);
    assert_int_equal(count_images(fixture), 1);
    assert_tag(fixture, "v1", &image->manifest.digest);
}

/* As ctr(1) exports several images: by their full names they are two. */
static void test_images_that_share_a_name_are_not_replaced_by_one(void **state)
{
    static const char index[] =
        "{\"schemaVersion\":2,\"manifests\":["
        "{\"digest\":\"sha256:00\",\"annotations\":{\"" REF_NAME "\":\"v1\","
        "\"io.containerd.image.name\":\"docker.io/library/a:v1\"}},"
        "{\"digest\":\"sha256:01\",\"annotations\":{\"" REF_NAME "\":\"v1\","
        "\"io.containerd.image.name\":\"docker.io/library/b:v1\"}}]}";
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);

    make_foreign_layout(fixture, index);
    assert_int_equal(try_add(fixture, "v1", "a", image, NULL), -1);
    assert_says(&fixture->error, "several images in it are called \"v1\"");
    assert_int_equal(count_images(fixture), 2);
    assert_int_equal(try_add(fixture, "v2", "a", image, NULL), 0);
    assert_int_equal(count_images(fixture), 3);
}

static void test_a_layout_without_an_index_gets_one(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(buffer_done) struct buffer marker;
    struct digest digest;

    make_foreign_layout(fixture, NULL);
    digest = add(fixture, "v1", "a");
    assert_tag(fixture, "v1", &digest);
    read_file(in_layout(fixture, "oci-layout"), &marker);
    assert_string_equal(marker.data, "{\"imageLayoutVersion\": \"1.0.0\", \"com.example\": 1}\n");
}

/* Opening must fail and add nothing to what is there. */
static void assert_open_refused(struct store_fixture *fixture, const char *tag,
                                enum error_kind kind, const char *part)
{
    struct image_target *target = layout_target_new(fixture->path);

    fixture->error = (struct error){0};
    assert_int_equal(open_for(target, tag, &fixture->error), -1);
    image_target_free(target);
    assert_int_equal(fixture->error.kind, kind);
    assert_says(&fixture->error, part);
    assert_false(exists(in_layout(fixture, "blobs")));
}

static void test_directories_of_something_else_are_refused(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_equal(mkdir(fixture->path, 0755), 0);
    write_file(in_layout(fixture, "thesis.txt"), "");
    assert_open_refused(fixture, "v1", ERROR_USAGE, "holds \"thesis.txt\" but no \"oci-layout\"");
    assert_int_equal(count_names(fixture->path), 1);
}

static void test_empty_directories_are_taken(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_equal(mkdir(fixture->path, 0755), 0);
    assert_int_equal(mkdir(in_layout(fixture, "lost+found"), 0755), 0);
    add(fixture, "v1", "a");
    assert_int_equal(count_names(fixture->path), 4);
}

static void test_files_and_missing_parents_are_refused(void **state)
{
    struct store_fixture *fixture = *state;

    write_file(fixture->path, "");
    assert_open_refused(fixture, "v1", ERROR_USAGE, "is not a directory");
    strcat(fixture->path, "/sub");
    assert_open_refused(fixture, "v1", ERROR_FAILED, "Not a directory");
    snprintf(fixture->path, sizeof fixture->path, "%s/no/such", fixture->dir);
    assert_open_refused(fixture, "v1", ERROR_FAILED, "create the directory above it first");
}

static void test_layouts_of_another_version_are_refused(void **state)
{
    static const char *const markers[][2] = {
        {"{\"imageLayoutVersion\":\"2.0.0\"}", "\"2.0.0\""},
        {"{}", "\"\""},
        {"{\"imageLayoutVersion\":1}", "\"\""},
        {"[]", "not a JSON object"},
        {"", "not JSON"},
    };
    struct store_fixture *fixture = *state;

    make_foreign_layout(fixture, NULL);
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        write_file(in_layout(fixture, "oci-layout"), markers[i][0]);
        assert_open_refused(fixture, "v1", ERROR_FAILED, markers[i][1]);
        assert_says(&fixture->error, "oci-layout");
    }
}

static void test_broken_indexes_are_refused_before_the_work(void **state)
{
    static const char *const indexes[][2] = {
        {"{", "not JSON"},
        {"[]", "not a JSON object"},
        {"{}", "schemaVersion"},
        {"{\"schemaVersion\":1,\"manifests\":[]}", "schemaVersion"},
        {"{\"schemaVersion\":\"2\",\"manifests\":[]}", "schemaVersion"},
        {"{\"schemaVersion\":2,\"manifests\":\"x\"}", "manifests"},
        {"{\"schemaVersion\":2,\"manifests\":{}}", "manifests"},
        {"{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}", "not JSON"},
        {"", "not JSON"},
    };
    struct store_fixture *fixture = *state;

    make_foreign_layout(fixture, NULL);
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        write_file(in_layout(fixture, "index.json"), indexes[i][0]);
        assert_open_refused(fixture, "v1", ERROR_FAILED, indexes[i][1]);
        assert_says(&fixture->error, "index.json");
    }
}

static void test_an_index_that_is_too_large_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    make_foreign_layout(fixture, "{\"schemaVersion\":2,\"manifests\":[]}");
    assert_int_equal(truncate(in_layout(fixture, "index.json"), INDEX_MAX_BYTES + 1), 0);
    assert_open_refused(fixture, "v1", ERROR_FAILED, "larger than 16777216 bytes");
}

static void test_an_index_that_is_no_file_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    make_foreign_layout(fixture, NULL);
    assert_int_equal(mkfifo(in_layout(fixture, "index.json"), 0600), 0);
    assert_open_refused(fixture, "v1", ERROR_FAILED, "not a regular file");
}

static void test_an_index_that_would_grow_too_large_is_left(void **state)
{
    struct store_fixture *fixture = *state;
    cleanup(image_freep) struct image *image = make_image("a", 0);
    cleanup_free char *filler = xcalloc(INDEX_MAX_BYTES, 1);
    cleanup_free char *index = NULL;

    memset(filler, 'x', INDEX_MAX_BYTES - 100);
    index = xasprintf("{\"schemaVersion\":2,\"manifests\":[],\"k\":\"%s\"}", filler);
    make_foreign_layout(fixture, index);
    assert_int_equal(try_add(fixture, "v1", "a", image, NULL), -1);
    assert_says(&fixture->error, "remove images");
    assert_int_equal(count_images(fixture), 0);
    assert_int_equal(count_names(fixture->path), 2);
}

static void test_tags_follow_the_grammar(void **state)
{
    static const char *const right[] = {"1",   "v1.0", "latest", "a-b",        "a--b",
                                        "a_b", "a@b",  "a+b",    "h:5000/p:t", "A/b/C"};
    static const char *const wrong[] = {"",     ".",        "-a", "a-",   "a..b", "a---b",
                                        "a__b", "/a",       "a/", "a//b", "a b",  "a\nb",
                                        "a#b",  "\xc3\xa4", "a:", "a~"};
    struct store_fixture *fixture = *state;
    char longest[385] = "";

    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(ref_name_check(right[i], &fixture->error), 0);
    assert_int_equal(ref_name_check(NULL, &fixture->error), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ref_name_check(wrong[i], &fixture->error), -1);
        assert_int_equal(fixture->error.kind, ERROR_USAGE);
    }
    memset(longest, 'a', sizeof longest - 1);
    assert_int_equal(ref_name_check(longest, &fixture->error), 0);
    longest[sizeof longest - 1] = 'a';
    cleanup_free char *too_long = xstrndup(longest, sizeof longest);
    assert_int_equal(ref_name_check(too_long, &fixture->error), -1);
    assert_says(&fixture->error, "at most 384");
    assert_open_refused(fixture, "a b", ERROR_USAGE, "\"a b\"");
    assert_false(exists(fixture->path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new_layout_is_what_the_specification_says),
        TEST(test_it_is_its_owners_alone_whatever_the_umask),
        TEST(test_progress_counts_the_layer),
        TEST(test_nothing_is_visible_before_publish),
        TEST(test_staging_makes_nothing_visible),
        TEST(test_copied_blobs_stay_without_their_image),
        TEST(test_look_up_finds_the_image_of_the_tag),
        TEST(test_look_up_relies_on_nothing_that_is_damaged),
        TEST(test_two_tags_live_side_by_side),
        TEST(test_a_tag_moves_to_the_newer_image),
        TEST(test_one_image_may_have_two_tags),
        TEST(test_an_image_without_tag_has_no_name),
        TEST(test_the_same_again_changes_nothing),
        TEST(test_a_lost_or_damaged_blob_is_made_good),
        TEST(test_what_is_unknown_in_an_index_is_kept),
        TEST(test_a_name_that_stood_twice_stands_once),
        TEST(test_images_that_share_a_name_are_not_replaced_by_one),
        TEST(test_a_layout_without_an_index_gets_one),
        TEST(test_directories_of_something_else_are_refused),
        TEST(test_empty_directories_are_taken),
        TEST(test_files_and_missing_parents_are_refused),
        TEST(test_layouts_of_another_version_are_refused),
        TEST(test_broken_indexes_are_refused_before_the_work),
        TEST(test_an_index_that_is_too_large_is_refused),
        TEST(test_an_index_that_is_no_file_is_refused),
        TEST(test_an_index_that_would_grow_too_large_is_left),
        TEST(test_tags_follow_the_grammar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
