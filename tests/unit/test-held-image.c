// SPDX-License-Identifier: Apache-2.0
/* What is known of an image that a destination holds: only one that could be ours, only when every
 * digest is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "oci/image.h"
#include "stream/codec.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static struct image *make_image(const char *media_type, const char *encoding)
{
    cleanup(json_decrefp) json_t *annotations = json_pack("{s:s}", "a", "1");
    struct image *image = NULL;
    struct error error;
    struct image_parts parts = {
        .layer = {.media_type = media_type, .digest = {"sha256:" ONES}, .size = 12345},
        .diff_id = {"sha256:" ONES},
        .architecture = "amd64",
        .created = "2026-11-20T09:30:15Z",
        .annotations = annotations,
        .encoding = encoding,
        .archive_size = 188416,
    };

    assert_int_equal(image_build(&image, &parts, &error), 0);
    return image;
}

/* Whether the image is taken for one of ours. */
static bool read_image(struct held_image *held, const struct image *image)
{
    return held_image_read_manifest(held, image->manifest_json, image->manifest.size) &&
           held_image_read_config(held, image->config_json, image->config.size);
}

static void test_our_own_image_is_known(void **state)
{
    cleanup(image_freep) struct image *image = make_image(LAYER_TYPE_OCI "+zstd", "zstd level 1");
    cleanup(held_image_done) struct held_image held = {0};

    (void)state;
    assert_true(read_image(&held, image));
    assert_string_equal(held.manifest.digest.text, image->manifest.digest.text);
    assert_string_equal(held.config.digest.text, image->config.digest.text);
    assert_string_equal(held.layer.digest.text, "sha256:" ONES);
    assert_string_equal(held.layer.media_type, LAYER_TYPE_OCI "+zstd");
    assert_int_equal(held.layer.size, 12345);
}

static void test_how_the_layer_was_made(void **state)
{
    cleanup(image_freep) struct image *image = make_image(LAYER_TYPE_OCI "+zstd", "zstd level 1");
    cleanup(held_image_done) struct held_image held = {0};
    const char *zstd = LAYER_TYPE_OCI "+zstd";

    (void)state;
    assert_true(read_image(&held, image));
    assert_true(held_image_is_made_like(&held, zstd, "zstd level 1", 188416));
    assert_true(held_image_is_made_like(&held, zstd, "zstd level 1", -1));
    assert_false(held_image_is_made_like(&held, zstd, "zstd level 1", 188417));
    assert_false(held_image_is_made_like(&held, zstd, "zstd level 1", 18841));
    assert_false(held_image_is_made_like(&held, zstd, "zstd level 1", 1884160));
    assert_false(held_image_is_made_like(&held, zstd, "zstd level 19", -1));
    assert_false(held_image_is_made_like(&held, zstd, "zstd level", -1));
    assert_false(held_image_is_made_like(&held, zstd, "zstd as given", 188416));
    assert_false(held_image_is_made_like(&held, LAYER_TYPE_OCI "+gzip", "zstd level 1", 188416));
}

static void test_an_image_that_does_not_tell_is_not_like_any(void **state)
{
    cleanup(image_freep) struct image *image = make_image(LAYER_TYPE_OCI, NULL);
    cleanup(held_image_done) struct held_image held = {0};

    (void)state;
    assert_true(read_image(&held, image));
    assert_false(held_image_is_made_like(&held, LAYER_TYPE_OCI, "none", 188416));
    assert_false(held_image_is_made_like(&held, LAYER_TYPE_OCI, "none", -1));
}

static void test_another_config_than_the_named_one_is_refused(void **state)
{
    cleanup(image_freep) struct image *image = make_image(LAYER_TYPE_OCI, "none");
    cleanup(image_freep) struct image *other = make_image(LAYER_TYPE_OCI, "gone");
    cleanup(held_image_done) struct held_image held = {0};

    (void)state;
    assert_true(held_image_read_manifest(&held, image->manifest_json, image->manifest.size));
    assert_int_equal(other->config.size, image->config.size);
    assert_false(held_image_read_config(&held, other->config_json, other->config.size));
    assert_false(held_image_read_config(&held, image->config_json, image->config.size - 1));
    assert_false(held_image_read_config(&held, "", 0));
    assert_null(held.comment);
}

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"
#define BLOB(type, size) \
    "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" ONES "\",\"size\":" size "}"
#define MANIFEST(config, layers) "{\"config\":" config ",\"layers\":[" layers "]}"
#define CONFIG BLOB(CONFIG_TYPE, "100")
#define LAYER BLOB(LAYER_TYPE, "100")

static void test_what_is_no_manifest_of_ours(void **state)
{
    static const char *const others[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"layers\":1}",
        MANIFEST(CONFIG, ""),
        MANIFEST(CONFIG, LAYER "," LAYER),
        MANIFEST(CONFIG, "1"),
        MANIFEST(LAYER, LAYER),
        MANIFEST(CONFIG, CONFIG),
        MANIFEST("{}", LAYER),
        MANIFEST(CONFIG, BLOB(LAYER_TYPE, "-1")),
        MANIFEST(CONFIG, BLOB(LAYER_TYPE, "\"1\"")),
        MANIFEST(CONFIG, BLOB("application/vnd.docker.image.rootfs.diff.tar.gzip", "1")),
        MANIFEST(BLOB(CONFIG_TYPE, "65537"), LAYER),
        MANIFEST(CONFIG, "{\"mediaType\":\"" LAYER_TYPE "\",\"digest\":\"sha256:1\",\"size\":1}"),
        MANIFEST(CONFIG, "{\"mediaType\":\"" LAYER_TYPE "\",\"size\":1}"),
        MANIFEST(CONFIG, LAYER) "x",
    };
    cleanup(held_image_done) struct held_image held = {0};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (held_image_read_manifest(&held, others[i], strlen(others[i])))
            fail_msg("taken: %s", others[i]);
    assert_int_equal(held.layer.size, 0);
    assert_true(
        held_image_read_manifest(&held, MANIFEST(CONFIG, LAYER), strlen(MANIFEST(CONFIG, LAYER))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_own_image_is_known),
        cmocka_unit_test(test_how_the_layer_was_made),
        cmocka_unit_test(test_an_image_that_does_not_tell_is_not_like_any),
        cmocka_unit_test(test_another_config_than_the_named_one_is_refused),
        cmocka_unit_test(test_what_is_no_manifest_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
