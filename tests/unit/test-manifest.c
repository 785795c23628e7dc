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
#define TYPED_PART(type, hex, more) \
    "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" hex "\",\"size\":3" more "}"
#define PART(hex, more) TYPED_PART("x/y", hex, more)
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

static void assert_kind(const char *text, const char *sent_as, const char *media_type,
                        size_t part_count)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct error error;

    if (read_text(&manifest, text, sent_as, &error))
        fail_msg("%s: %s", text, error.text);
    assert_string_equal(manifest->media_type, media_type);
    assert_int_equal(manifest->kind, part_count ? MANIFEST_IMAGE : MANIFEST_INDEX);
    assert_int_equal(manifest->part_count, part_count);
}

/* As programs in Go write an empty list. */
static void test_lists_may_be_null(void **state)
{
    static const char image[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_MANIFEST
        "\",\"config\":" PART(HEX_A, "") ",\"manifests\":null,\"layers\":null}";
    static const char *const wrong[] = {
        "{\"schemaVersion\":2}",
        "{\"schemaVersion\":2,\"manifests\":null}",
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_INDEX "\",\"manifests\":{}}",
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_MANIFEST "\",\"layers\":null}",
    };

    (void)state;
    assert_kind("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_INDEX "\"}", NULL,
                MEDIA_TYPE_INDEX, 0);
    assert_kind("{\"schemaVersion\":2,\"manifests\":null}", MEDIA_TYPE_DOCKER_INDEX,
                MEDIA_TYPE_DOCKER_INDEX, 0);
    assert_kind("{\"schemaVersion\":2,\"manifests\":[],\"layers\":null}", NULL, MEDIA_TYPE_INDEX,
                0);
    assert_kind(image, NULL, MEDIA_TYPE_MANIFEST, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct manifest *manifest;
        struct error error;

        assert_int_equal(read_text(&manifest, wrong[i], NULL, &error), -1);
    }
}

static void assert_found(const char *platforms, const char *wanted, size_t expected)
{
    cleanup_free char *text = xstrdup(platforms), *list = xstrdup("");
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct platform platform = {0};
    struct error error;
    char *rest = text, *name;

    while ((name = strsep(&rest, " "))) {
        char *os = strsep(&name, "/"), *architecture = strsep(&name, "/"), *longer;

        longer = xasprintf("%s%s" TYPED_PART(MEDIA_TYPE_MANIFEST, HEX_A,
                                             ",\"platform\":{\"os\":\"%s\",\"architecture\":"
                                             "\"%s\"%s%s%s}"),
                           list, *list ? "," : "", os, architecture, name ? ",\"variant\":\"" : "",
                           name ? name : "", name ? "\"" : "");
        free(list);
        list = longer;
    }
    free(text);
    text = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", list);
    assert_int_equal(read_text(&manifest, text, NULL, &error), 0);
    assert_int_equal(platform_parse(&platform, wanted, &error), 0);
    assert_int_equal(manifest_find_platform(manifest, &platform), expected);
    free((char *)(uintptr_t)platform.os);
}

static void test_the_best_of_several_platforms(void **state)
{
    (void)state;
    assert_found("linux/arm/v6 linux/arm/v7 linux/arm64/v8", "linux/arm64", 2);
    assert_found("linux/arm64", "linux/arm64/v8", 0);
    assert_found("linux/arm64/v9 linux/arm64/v8", "linux/arm64", 1);
    assert_found("linux/arm64/v9", "linux/arm64", 0);
    assert_found("linux/arm64/v9", "linux/arm64/v8", 1);
    assert_found("linux/arm/v6 linux/arm/v7", "linux/arm", 1);
    assert_found("linux/arm/v6 linux/arm/v5", "linux/arm", 0);
    assert_found("linux/arm", "linux/arm/v7", 0);
    assert_found("linux/amd64/v3 linux/amd64", "linux/amd64", 1);
    assert_found("linux/amd64 linux/amd64/v3", "linux/amd64/v3", 1);
    assert_found("windows/amd64", "linux/amd64", 1);
}

static void test_what_is_no_manifest_in_an_index(void **state)
{
    static const char *const blobs[] = {"application/vnd.oci.image.layer.v1.tar+gzip",
                                        "application/vnd.buildkit.cacheconfig.v0",
                                        "application/vnd.oci.image.config.v1+json"};
    static const char *const manifests[] = {
        MEDIA_TYPE_MANIFEST,
        MEDIA_TYPE_INDEX,
        MEDIA_TYPE_DOCKER_MANIFEST,
        MEDIA_TYPE_DOCKER_INDEX,
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.artifact.manifest.v1+json"};

    (void)state;
    for (size_t i = 0; i < sizeof blobs / sizeof *blobs; i++)
        assert_false(descriptor_is_manifest(&(struct descriptor){.media_type = blobs[i]}));
    for (size_t i = 0; i < sizeof manifests / sizeof *manifests; i++)
        assert_true(descriptor_is_manifest(&(struct descriptor){.media_type = manifests[i]}));
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
        cmocka_unit_test(test_lists_may_be_null),
        cmocka_unit_test(test_the_best_of_several_platforms),
        cmocka_unit_test(test_what_is_no_manifest_in_an_index),
        cmocka_unit_test(test_platforms_on_the_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
