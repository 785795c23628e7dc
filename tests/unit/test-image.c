// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "stream/codec.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static struct image_parts parts_with(json_t *annotations)
{
    return (struct image_parts){
        .layer = {.media_type = LAYER_TYPE_OCI "+gzip",
                  .digest = {"sha256:" ZEROS},
                  .size = 12345678901},
        .diff_id = {"sha256:" ONES},
        .architecture = "amd64",
        .created = "2026-11-20T09:30:15Z",
        .annotations = annotations,
    };
}

static struct image *build(json_t *annotations)
{
    struct image_parts parts = parts_with(annotations);
    struct image *image = NULL;
    struct error error;

    if (image_build(&image, &parts, &error))
        fail_msg("%s", error.text);
    return image;
}

static void assert_describes(const struct descriptor *descriptor, const char *text)
{
    struct digest digest;

    sha256_of(text, strlen(text), &digest);
    assert_int_equal(descriptor->size, strlen(text));
    assert_string_equal(descriptor->digest.text, digest.text);
}

static void test_manifest_is_exactly_this(void **state)
{
    cleanup(json_decrefp) json_t *annotations = json_pack("{s:s,s:s}", "b", "2", "a", "1");
    cleanup(image_freep) struct image *image = build(annotations);
    cleanup_free char *expected = xasprintf(
        "{\"annotations\":{\"a\":\"1\",\"b\":\"2\"},"
        "\"config\":{\"digest\":\"%s\",\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
        "\"size\":%llu},"
        "\"layers\":[{\"digest\":\"sha256:" ZEROS "\","
        "\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"size\":12345678901}],"
        "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"schemaVersion\":2}",
        image->config.digest.text, (unsigned long long)image->config.size);

    (void)state;
    assert_string_equal(image->manifest_json, expected);
    assert_string_equal(image->manifest.media_type, MEDIA_TYPE_MANIFEST);
    assert_describes(&image->manifest, image->manifest_json);
}

static void test_config_is_exactly_this(void **state)
{
    static const char annotations_text[] = "{\"a\":\"1\",\"b\":\"2\"}";
    cleanup(json_decrefp) json_t *annotations = json_pack("{s:s,s:s}", "b", "2", "a", "1");
    cleanup(image_freep) struct image *image = build(annotations);
    struct digest digest;

    (void)state;
    sha256_of(annotations_text, strlen(annotations_text), &digest);
    cleanup_free char *expected =
        xasprintf("{\"architecture\":\"amd64\",\"config\":{},"
                  "\"created\":\"2026-11-20T09:30:15Z\","
                  "\"history\":[{\"comment\":\"annotations %s\","
                  "\"created\":\"2026-11-20T09:30:15Z\",\"created_by\":\"ckptoci\"}],"
                  "\"os\":\"linux\","
                  "\"rootfs\":{\"diff_ids\":[\"sha256:" ONES "\"],\"type\":\"layers\"}}",
                  digest.text);

    assert_string_equal(image->config_json, expected);
    assert_string_equal(image->config.media_type, MEDIA_TYPE_CONFIG);
    assert_describes(&image->config, image->config_json);
}

static void test_history_tells_how_the_layer_was_made(void **state)
{
    cleanup(json_decrefp) json_t *annotations = json_pack("{s:s}", "a", "1");
    struct image_parts parts = parts_with(annotations);
    cleanup(image_freep) struct image *image = NULL;
    struct error error;

    (void)state;
    parts.encoding = "zstd level 1";
    parts.archive_size = 12345678901234;
    assert_int_equal(image_build(&image, &parts, &error), 0);
    assert_non_null(strstr(image->config_json, "; zstd level 1; 12345678901234 bytes\""));
}

static void test_layer_and_diff_id_are_passed_on(void **state)
{
    cleanup(json_decrefp) json_t *annotations = json_object();
    cleanup(image_freep) struct image *image = build(annotations);

    (void)state;
    assert_string_equal(image->layer.digest.text, "sha256:" ZEROS);
    assert_int_equal(image->layer.size, 12345678901);
    assert_string_equal(image->diff_id.text, "sha256:" ONES);
}

static void test_order_of_annotations_does_not_matter(void **state)
{
    cleanup(json_decrefp) json_t *ab = json_pack("{s:s,s:s}", "a", "1", "b", "2");
    cleanup(json_decrefp) json_t *ba = json_pack("{s:s,s:s}", "b", "2", "a", "1");
    cleanup(image_freep) struct image *first = build(ab);
    cleanup(image_freep) struct image *second = build(ba);

    (void)state;
    assert_string_equal(first->config_json, second->config_json);
    assert_string_equal(first->manifest_json, second->manifest_json);
}

/* CRI-O's store would give both images the annotations of the one pulled last. */
static void test_other_annotations_give_another_config(void **state)
{
    cleanup(json_decrefp) json_t *one = json_pack("{s:s}", "a", "1");
    cleanup(json_decrefp) json_t *two = json_pack("{s:s}", "a", "2");
    cleanup(image_freep) struct image *first = build(one);
    cleanup(image_freep) struct image *second = build(two);

    (void)state;
    assert_false(digest_equal(&first->config.digest, &second->config.digest));
}

static void test_image_outlives_its_parts(void **state)
{
    json_t *annotations = json_pack("{s:s}", "key", "value");
    cleanup(image_freep) struct image *image = build(annotations);

    (void)state;
    assert_int_equal(annotations->refcount, 1);
    json_decref(annotations);
    assert_non_null(strstr(image->manifest_json, "\"key\":\"value\""));
}

static int build_with_value_len(size_t len, struct image **image, struct error *error)
{
    cleanup_free char *value = xcalloc(len + 1, 1);
    cleanup(json_decrefp) json_t *annotations = NULL;
    struct image_parts parts;

    memset(value, 'x', len);
    annotations = json_pack("{s:s}", "a", value);
    parts = parts_with(annotations);
    return image_build(image, &parts, error);
}

static void test_manifest_size_is_limited(void **state)
{
    cleanup(json_decrefp) json_t *annotations = json_pack("{s:s}", "a", "");
    cleanup(image_freep) struct image *empty = build(annotations);
    size_t room = MANIFEST_MAX_BYTES - empty->manifest.size;
    struct image *image = NULL;
    struct error error;

    (void)state;
    assert_int_equal(build_with_value_len(room + 1, &image, &error), -1);
    assert_null(image);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "4194304"));
    assert_non_null(strstr(error.text, "--annotation"));
    assert_int_equal(build_with_value_len(room, &image, &error), 0);
    assert_int_equal(image->manifest.size, MANIFEST_MAX_BYTES);
    image_free(image);
}

static void test_text_that_is_no_utf8_is_refused(void **state)
{
    cleanup(json_decrefp) json_t *annotations = json_object();
    struct image_parts parts = parts_with(annotations);
    struct image *image = NULL;
    struct error error;

    (void)state;
    parts.architecture = "\xff";
    assert_int_equal(image_build(&image, &parts, &error), -1);
    assert_null(image);
    assert_non_null(strstr(error.text, "UTF-8"));
}

static void test_free_takes_null(void **state)
{
    (void)state;
    image_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_is_exactly_this),
        cmocka_unit_test(test_config_is_exactly_this),
        cmocka_unit_test(test_history_tells_how_the_layer_was_made),
        cmocka_unit_test(test_layer_and_diff_id_are_passed_on),
        cmocka_unit_test(test_order_of_annotations_does_not_matter),
        cmocka_unit_test(test_other_annotations_give_another_config),
        cmocka_unit_test(test_image_outlives_its_parts),
        cmocka_unit_test(test_manifest_size_is_limited),
        cmocka_unit_test(test_text_that_is_no_utf8_is_refused),
        cmocka_unit_test(test_free_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
