// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "oci/manifest.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PART(hex, more) "{\"mediaType\":\"x/y\",\"digest\":\"sha256:" hex "\",\"size\":3" more "}"
#define IMAGE                                                                \
    "{\"schemaVersion\":2,\"config\":" PART(HEX_A, "") ",\"layers\":[" PART( \
        HEX_B, "") "],\"annotations\":{\"k\":\"v\"},\"subject\":" PART(HEX_A, "") "}"

#define ARM_V7 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}"
#define INDEX "{\"schemaVersion\":2,\"manifests\":[" PART(HEX_A, ARM_V7) "," PART(HEX_B, "") "]}"

static int read_text(struct manifest **manifest, const char *text, const char *type,
                     struct error *error)
{
    char *bytes = xstrdup(text);
    int result = manifest_new(manifest, bytes, strlen(text), type, error);

    if (result < 0)
        free(bytes);
    return result;
}

static void test_an_image(void **state)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct digest subject;
    struct error error;

    (void)state;
    assert_int_equal(read_text(&manifest, IMAGE, "application/json; charset=utf-8", &error), 0);
    assert_int_equal(manifest->kind, MANIFEST_IMAGE);
    assert_string_equal(manifest->media_type, MEDIA_TYPE_MANIFEST);
    assert_string_equal(manifest->bytes, IMAGE);
    assert_int_equal(manifest->part_count, 2);
    assert_string_equal(manifest->parts[0].digest.text, "sha256:" HEX_A);
    assert_string_equal(manifest->parts[1].digest.text, "sha256:" HEX_B);
    assert_int_equal(manifest->parts[1].size, 3);
    assert_string_equal(manifest_annotation(manifest, "k"), "v");
    assert_null(manifest_annotation(manifest, "other"));
    assert_true(manifest_subject(manifest, &subject));
    assert_string_equal(subject.text, "sha256:" HEX_A);
}

static void test_an_index_has_platforms(void **state)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct platform arm = {"linux", "arm", NULL}, v7 = {"linux", "arm", "v7"},
                    v6 = {"linux", "arm", "v6"}, is;
    struct error error;

    (void)state;
    assert_int_equal(read_text(&manifest, INDEX, MEDIA_TYPE_DOCKER_INDEX, &error), 0);
    assert_int_equal(manifest->kind, MANIFEST_INDEX);
    assert_string_equal(manifest->media_type, MEDIA_TYPE_DOCKER_INDEX);
    is = manifest_platform(manifest, 0);
    assert_true(platform_matches(&is, &arm));
    assert_true(platform_matches(&is, &v7));
    assert_false(platform_matches(&is, &v6));
    is = manifest_platform(manifest, 1);
    assert_false(platform_matches(&is, &arm));
}

/* Whether a descriptor with this media type and what is behind it is of a foreign layer. */
static bool is_foreign(const char *media_type, const char *more)
{
    cleanup_free char *text =
        xasprintf("{\"mediaType\":\"%s\",\"digest\":\"sha256:" HEX_A "\",\"size\":3%s}", media_type,
                  more);
    cleanup(json_decrefp) json_t *json = json_loads(text, 0, NULL);
    struct descriptor descriptor;
    struct error error;

    assert_int_equal(manifest_read_descriptor(json, &descriptor, &error), 0);
    return descriptor_is_foreign(&descriptor);
}

static void test_foreign_layers_say_where_they_are(void **state)
{
    static const char *const types[] = {
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_true(is_foreign(types[i], ",\"urls\":[\"https://x.example/layer\"]"));
        assert_false(is_foreign(types[i], ""));
        assert_false(is_foreign(types[i], ",\"urls\":null"));
        assert_false(is_foreign(types[i], ",\"urls\":[\"\"]"));
    }
    assert_false(is_foreign("application/vnd.oci.image.layer.v1.tar",
                            ",\"urls\":[\"https://x.example/layer\"]"));
}

static void test_what_is_no_manifest(void **state)
{
    static const char *const wrong[] = {
        "",
        "no JSON",
        "[]",
        "{}",
        "{\"schemaVersion\":1,\"layers\":[]}",
        "{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}",
        "{\"schemaVersion\":2,\"layers\":[]}",
        "{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}",
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_MANIFEST "\",\"manifests\":[]}",
        "{\"schemaVersion\":2,\"mediaType\":\"text/plain\",\"manifests\":[]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x/y\",\"size\":3,"
        "\"digest\":\"sha256:../../../../etc/passwd\"}]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x/y\",\"size\":-1,"
        "\"digest\":\"sha256:" HEX_A "\"}]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"size\":1,\"digest\":\"sha256:" HEX_A "\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct manifest *manifest = NULL;
        struct error error;

        assert_int_equal(read_text(&manifest, wrong[i], NULL, &error), -1);
        assert_null(manifest);
    }
}

static void test_platforms_on_the_command_line(void **state)
{
    static const char *const wrong[] = {"", "linux", "linux/", "/arm", "linux/arm/", "a/b/c/d"};
    struct platform platform = {0};
    struct error error;

    (void)state;
    assert_int_equal(platform_parse(&platform, "linux/arm/v7", &error), 0);
    assert_string_equal(platform.os, "linux");
    assert_string_equal(platform.architecture, "arm");
    assert_string_equal(platform.variant, "v7");
    free((char *)(uintptr_t)platform.os);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(platform_parse(&platform, wrong[i], &error), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_image),
        cmocka_unit_test(test_an_index_has_platforms),
        cmocka_unit_test(test_foreign_layers_say_where_they_are),
        cmocka_unit_test(test_what_is_no_manifest),
        cmocka_unit_test(test_platforms_on_the_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
