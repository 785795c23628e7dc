// SPDX-License-Identifier: Apache-2.0
/* What each engine's metadata says, and the annotations that come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "base/memory.h"
#include "checkpoint/checkpoint.h"

static const uint8_t core_amd64[] = {0x19, 0x43, 0x56, 0x54, 0x47, 0x38, 0x05,
                                     0x55, 0xf5, 0x08, 0,    0,    0x08, 1};

struct fixture {
    struct walk walk;
    struct checkpoint checkpoint;
    json_t *annotations;
};

static int set_up(void **state)
{
    struct fixture *fixture = NEW(struct fixture);

    fixture->walk.inventory_time = 1790000000;
    buffer_init(&fixture->walk.core_head, CORE_HEAD_BYTES);
    buffer_append(&fixture->walk.core_head, core_amd64, sizeof core_amd64);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    walk_done(&fixture->walk);
    checkpoint_done(&fixture->checkpoint);
    json_decref(fixture->annotations);
    free(fixture);
    return 0;
}

static int parse(struct fixture *fixture, const char *spec, const char *config, struct error *error)
{
    buffer_init(&fixture->walk.spec_dump, METADATA_MAX_BYTES);
    buffer_append(&fixture->walk.spec_dump, spec, strlen(spec));
    buffer_init(&fixture->walk.config_dump, METADATA_MAX_BYTES);
    buffer_append(&fixture->walk.config_dump, config, strlen(config));
    return checkpoint_parse(&fixture->checkpoint, &fixture->walk, error);
}

static void parse_ok(struct fixture *fixture, const char *spec, const char *config)
{
    struct error error;

    assert_int_equal(parse(fixture, spec, config, &error), 0);
}

static void annotate_ok(struct fixture *fixture, const char *name)
{
    struct error error;

    assert_int_equal(checkpoint_annotations(&fixture->checkpoint, name, "2026-11-20T09:30:15Z",
                                            &fixture->annotations, &error),
                     0);
}

static void assert_annotation(const struct fixture *fixture, const char *key, const char *value)
{
    const char *actual = json_string_value(json_object_get(fixture->annotations, key));

    if (!actual)
        fail_msg("no annotation %s", key);
    assert_string_equal(actual, value);
}

static void assert_no_annotation_begins(const struct fixture *fixture, const char *prefix)
{
    const char *key;
    json_t *value;

    json_object_foreach(fixture->annotations, key,
                        value) if (strncmp(key, prefix, strlen(prefix)) == 0)
        fail_msg("annotation %s", key);
}

#define DIGEST "sha256:0d27d900ca4b8f1b8bfa2fae54a70a2fd1d3ed5b6a59cd343167b49f7265d12e"

static const char crio_spec[] =
    "{\"annotations\":{\"io.container.manager\":\"cri-o\","
    "\"io.kubernetes.cri-o.Metadata\":\"{\\\"name\\\":\\\"cart\\\"}\","
    "\"io.kubernetes.pod.name\":\"shop\",\"io.kubernetes.pod.namespace\":\"prod-eu\","
    "\"io.kubernetes.cri-o.SandboxID\":\"d354\","
    "\"io.kubernetes.cri-o.ImageRepoDigests\":\"reg/a@" DIGEST ",reg/b@" DIGEST "\"}}";
static const char kubernetes_config[] =
    "{\"name\":\"k8s_cart_shop\",\"runtime\":\"crun\",\"rootfsImage\":\"cart\","
    "\"rootfsImageName\":\"reg/cart:1\",\"rootfsImageRef\":\"009f\","
    "\"checkpointedTime\":\"2026-11-20T09:31:02.008968555+01:00\"}";

static void test_crio(void **state)
{
    struct fixture *fixture = *state;

    parse_ok(fixture, crio_spec, kubernetes_config);
    assert_int_equal(fixture->checkpoint.engine, ENGINE_CRIO);
    assert_string_equal(fixture->checkpoint.architecture, "amd64");
    annotate_ok(fixture, NULL);
    assert_annotation(fixture, "io.kubernetes.cri-o.annotations.checkpoint.name", "cart");
    assert_annotation(fixture, "org.criu.checkpoint.engine.name", "CRI-O");
    assert_annotation(fixture, "org.criu.checkpoint.container.name", "cart");
    assert_annotation(fixture, "org.criu.checkpoint.pod.name", "shop");
    assert_annotation(fixture, "org.criu.checkpoint.pod.namespace", "prod-eu");
    assert_annotation(fixture, "org.criu.checkpoint.pod.id", "d354");
    assert_annotation(fixture, "org.criu.checkpoint.rootfsImageUserRequested", "cart");
    assert_annotation(fixture, "org.criu.checkpoint.rootfsImageName", "reg/cart:1");
    assert_annotation(fixture, "org.criu.checkpoint.rootfsImageID", "009f");
    assert_annotation(fixture, "org.criu.checkpoint.runtime.name", "crun");
    assert_annotation(fixture, "org.opencontainers.image.base.name", "reg/cart:1");
    assert_annotation(fixture, "org.opencontainers.image.base.digest", DIGEST);
    assert_no_annotation_begins(fixture, "io.podman.");
}

static void test_containerd(void **state)
{
    struct fixture *fixture = *state;

    parse_ok(fixture,
             "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"counter\","
             "\"io.kubernetes.cri.sandbox-name\":\"counters\","
             "\"io.kubernetes.cri.sandbox-namespace\":\"default\","
             "\"io.kubernetes.cri.sandbox-id\":\"aea9\"}}",
             "{\"runtime\":\"io.containerd.runc.v2\",\"rootfsImageRef\":\"reg/c@" DIGEST "\"}");
    assert_int_equal(fixture->checkpoint.engine, ENGINE_CONTAINERD);
    annotate_ok(fixture, NULL);
    assert_annotation(fixture, "io.kubernetes.cri-o.annotations.checkpoint.name", "counter");
    assert_annotation(fixture, "org.criu.checkpoint.engine.name", "containerd");
    assert_annotation(fixture, "org.criu.checkpoint.container.name", "counter");
    assert_annotation(fixture, "org.criu.checkpoint.pod.name", "counters");
    assert_annotation(fixture, "org.criu.checkpoint.pod.namespace", "default");
    assert_annotation(fixture, "org.criu.checkpoint.pod.id", "aea9");
    assert_annotation(fixture, "org.criu.checkpoint.runtime.name", "io.containerd.runc.v2");
    assert_annotation(fixture, "org.opencontainers.image.base.digest", DIGEST);
}

static void test_podman(void **state)
{
    struct fixture *fixture = *state;

    parse_ok(fixture, "{\"annotations\":{\"io.container.manager\":\"libpod\"}}",
             "{\"name\":\"counter\",\"runtime\":\"runc\",\"RawImageName\":\"counter\","
             "\"rootfsImageName\":\"localhost/counter:1\",\"rootfsImageID\":\"009f\"}");
    assert_int_equal(fixture->checkpoint.engine, ENGINE_PODMAN);
    annotate_ok(fixture, NULL);
    assert_annotation(fixture, "io.podman.annotations.checkpoint.name", "counter");
    assert_annotation(fixture, "io.podman.annotations.checkpoint.runtime.name", "runc");
    assert_annotation(fixture, "io.podman.annotations.checkpoint.rawImageName", "counter");
    assert_annotation(fixture, "io.podman.annotations.checkpoint.rootfsImageName",
                      "localhost/counter:1");
    assert_annotation(fixture, "io.podman.annotations.checkpoint.rootfsImageID", "009f");
    assert_annotation(fixture, "io.podman.annotations.checkpoint.host.arch", "amd64");
    assert_annotation(fixture, "org.criu.checkpoint.engine.name", "Podman");
    assert_annotation(fixture, "io.kubernetes.cri-o.annotations.checkpoint.name", "counter");
}

static void assert_engine(const char *annotations, enum engine engine)
{
    cleanup(json_decrefp) json_t *json = json_loads(annotations, 0, NULL);

    assert_non_null(json);
    assert_int_equal(engine_detect(json), engine);
}

static void test_which_engine_made_it(void **state)
{
    (void)state;
    assert_engine("{}", ENGINE_UNKNOWN);
    assert_engine("{\"io.container.manager\":\"libpod\"}", ENGINE_PODMAN);
    assert_engine("{\"io.container.manager\":\"other\"}", ENGINE_UNKNOWN);
    assert_engine("{\"io.container.manager\":1}", ENGINE_UNKNOWN);
    assert_engine("{\"io.kubernetes.cri.container-name\":1}", ENGINE_CONTAINERD);
    /* The manager's own name counts more. */
    assert_engine(
        "{\"io.container.manager\":\"libpod\",\"io.kubernetes.cri.container-name\":\"a\"}",
        ENGINE_PODMAN);
    assert_engine("{\"io.container.manager\":\"cri-o\",\"io.kubernetes.cri.container-name\":\"a\"}",
                  ENGINE_CRIO);
    assert_engine("{\"io.container.manager\":\"other\",\"io.kubernetes.cri.container-name\":\"a\"}",
                  ENGINE_CONTAINERD);
    assert_int_equal(engine_detect(NULL), ENGINE_UNKNOWN);
}

static void test_every_engine_marks_its_image(void **state)
{
    (void)state;
    for (enum engine engine = ENGINE_UNKNOWN + 1; engine < ENGINE_COUNT; engine++) {
        const struct engine_info *info = engine_info(engine);
        cleanup(json_decrefp) json_t *mark = json_pack("{s:s}", info->image_mark, "a");
        cleanup(json_decrefp) json_t *other = json_pack("{s+:s}", info->image_family, "other", "a");

        assert_true(engine_knows_image(mark) && engine_has_annotation(mark));
        assert_true(engine_has_annotation(other) && !engine_knows_image(other));
        assert_non_null(strstr(ENGINE_NAMES, info->option));
        assert_true(!info->own_restore == !!strstr(ENGINE_NAMES_FOR_PODS, info->option));
    }
    assert_false(engine_has_annotation(NULL) || engine_knows_image(NULL));
}

static void test_the_users_name_wins_everywhere(void **state)
{
    struct fixture *fixture = *state;

    parse_ok(fixture, crio_spec, kubernetes_config);
    annotate_ok(fixture, "mine");
    assert_annotation(fixture, "io.kubernetes.cri-o.annotations.checkpoint.name", "mine");
    assert_annotation(fixture, "org.criu.checkpoint.container.name", "mine");
}

static void test_without_any_name_the_user_is_asked(void **state)
{
    struct fixture *fixture = *state;
    struct error error;

    parse_ok(fixture, "{}", kubernetes_config);
    assert_int_equal(fixture->checkpoint.engine, ENGINE_UNKNOWN);
    assert_int_equal(checkpoint_annotations(&fixture->checkpoint, NULL, "2026-11-20T09:30:15Z",
                                            &fixture->annotations, &error),
                     -1);
    assert_non_null(strstr(error.text, "--name"));
}

static void test_time_of_the_checkpoint(void **state)
{
    static const struct {
        const char *config;
        time_t time;
    } cases[] = {
        {"{\"checkpointedTime\":\"2026-11-20T09:31:02.008968555+01:00\"}", 1795163462},
        {"{\"checkpointedTime\":\"2026-11-20T08:31:02Z\"}", 1795163462},
        {"{\"checkpointedTime\":\"2026-11-20T03:01:02.5-05:30\"}", 1795163462},
        {"{\"checkpointedTime\":\"0001-01-01T00:00:00Z\"}", 1790000000},
        {"{\"checkpointedTime\":\"yesterday\"}", 1790000000},
        {"{\"createdTime\":\"2026-11-20T09:31:02Z\"}", 1790000000},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *fixture;

        set_up((void **)&fixture);
        parse_ok(fixture, crio_spec, cases[i].config);
        assert_int_equal(fixture->checkpoint.time, cases[i].time);
        tear_down((void **)&fixture);
    }
    (void)state;
}

static void test_metadata_that_is_no_json_is_refused(void **state)
{
    static const struct {
        const char *spec, *config, *because;
    } cases[] = {
        {"{", "{}", "spec.dump is not valid JSON"},
        {"", "{}", "spec.dump is empty"},
        {"{}", "[]", "config.dump is not a JSON object"},
        {"{}", "{} {}", "config.dump is not valid JSON"},
        {"{\"a\":1,\"a\":2}", "{}", "duplicate"},
        {"{\"a\":\"\xff\"}", "{}", "spec.dump is not valid JSON"},
        {"{\"annotations\":{\"io.kubernetes.cri-o.Annotations\":\"{\"}}", "{}",
         "spec.dump: io.kubernetes.cri-o.Annotations is not valid JSON"},
        {"{\"annotations\":{\"io.kubernetes.cri-o.Metadata\":\"{} \\u0000\"}}", "{}",
         "not valid JSON"},
        {"{\"annotations\":{\"io.kubernetes.cri-o.Labels\":\"{\\\"a\\\":\\\"b\\\",\\\"a\\\":"
         "\\\"c\\\"}\"}}",
         "{}", "duplicate"},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *fixture;
        struct error error;

        set_up((void **)&fixture);
        assert_int_equal(parse(fixture, cases[i].spec, cases[i].config, &error), -1);
        assert_int_equal(error.kind, ERROR_ARCHIVE);
        if (!strstr(error.text, cases[i].because))
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].because);
        tear_down((void **)&fixture);
    }
    (void)state;
}

static void test_values_of_another_type_are_ignored(void **state)
{
    struct fixture *fixture = *state;

    parse_ok(fixture,
             "{\"annotations\":{\"io.container.manager\":\"cri-o\","
             "\"io.kubernetes.cri-o.Metadata\":\"[7]\",\"io.kubernetes.pod.name\":7}}",
             "{\"runtime\":[],\"rootfsImage\":\"\"}");
    assert_null(fixture->checkpoint.container);
    assert_null(fixture->checkpoint.pod);
    assert_null(fixture->checkpoint.runtime);
    assert_null(fixture->checkpoint.image_requested);
}

static void test_architectures(void **state)
{
    static const char *const expected[] = {NULL,    "amd64",    "arm",     "arm64",   "ppc64le",
                                           "s390x", "mips64le", "loong64", "riscv64", NULL};

    (void)state;
    for (uint8_t machine = 0; machine < 10; machine++) {
        struct fixture *fixture;

        set_up((void **)&fixture);
        fixture->walk.core_head.data[13] = (char)machine;
        parse_ok(fixture, crio_spec, kubernetes_config);
        if (expected[machine])
            assert_string_equal(fixture->checkpoint.architecture, expected[machine]);
        else
            assert_null(fixture->checkpoint.architecture);
        tear_down((void **)&fixture);
    }
}

static void test_a_file_that_is_no_core_image_tells_nothing(void **state)
{
    struct fixture *fixture = *state;

    fixture->walk.core_head.data[0] = 'x';
    parse_ok(fixture, crio_spec, kubernetes_config);
    assert_null(fixture->checkpoint.architecture);
}

static void test_a_short_core_image_tells_nothing(void **state)
{
    struct fixture *fixture = *state;

    fixture->walk.core_head.len = 13;
    parse_ok(fixture, crio_spec, kubernetes_config);
    assert_null(fixture->checkpoint.architecture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_crio, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_containerd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_podman, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_which_engine_made_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_engine_marks_its_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_users_name_wins_everywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_any_name_the_user_is_asked, set_up, tear_down),
        cmocka_unit_test(test_time_of_the_checkpoint),
        cmocka_unit_test(test_metadata_that_is_no_json_is_refused),
        cmocka_unit_test_setup_teardown(test_values_of_another_type_are_ignored, set_up, tear_down),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_no_core_image_tells_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_short_core_image_tells_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
