// SPDX-License-Identifier: Apache-2.0
/* Which engine would restore what: real archives, and archives and images with one thing wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "engines/reasoning.h"
#include "engines/rules.h"
#include "oci/image.h"
#include "stream/codec.h"
#include "stream/input.h"

struct fixture {
    struct cancel *cancel;
    struct walk walk;
    struct checkpoint checkpoint;
    json_t *annotations;
    struct restore_image image;
    struct restore_subject subject;
    struct reasoning reasoning;
};

static int set_up(void **state)
{
    struct fixture *fixture = NEW(struct fixture);

    fixture->cancel = cancel_new();
    *state = fixture;
    return 0;
}

static void forget(struct fixture *fixture)
{
    reasoning_done(&fixture->reasoning);
    walk_done(&fixture->walk);
    checkpoint_done(&fixture->checkpoint);
    json_decref(fixture->annotations);
    *fixture = (struct fixture){.cancel = fixture->cancel};
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    forget(fixture);
    cancel_free(fixture->cancel);
    free(fixture);
    return 0;
}

static int visit_member(void *context, const struct member *member, struct error *error)
{
    struct fixture *fixture = context;

    (void)error;
    if (!member->container && strcmp(member->path, "deleted.files") == 0)
        fixture->subject.members.has_deleted_files = true;
    if (!member->container && strcmp(member->path, "status.dump") == 0)
        fixture->subject.members.has_status_dump = true;
    return 0;
}

/* A sample out of tests/data, as an archive that is not an image yet. */
static void load(struct fixture *fixture, const char *sample)
{
    const struct walk_visitor visitor = {.context = fixture, .member = visit_member};
    cleanup_free char *path = xasprintf("%s/%s", getenv("TEST_DATA"), sample);
    cleanup(source_freep) struct source *source = NULL;
    cleanup(findings_done) struct findings findings = {0};
    struct input *input;
    struct error error;

    forget(fixture);
    assert_int_equal(input_open(&input, path, fixture->cancel, &error), 0);
    source = input_source_new(input, fixture->cancel);
    assert_int_equal(walk_archive(&fixture->walk, source, &visitor, &findings, &error), 0);
    assert_int_equal(checkpoint_parse(&fixture->checkpoint, &fixture->walk, &error), 0);
    fixture->subject.checkpoint = &fixture->checkpoint;
}

/* With spec.dump as the test has changed it. */
static void parse_again(struct fixture *fixture)
{
    struct buffer *text = &fixture->walk.spec_dump;
    cleanup_free char *changed = json_dumps(fixture->checkpoint.spec, 0);
    struct error error;

    buffer_clear(text);
    assert_int_equal(buffer_append(text, changed, strlen(changed)), 0);
    checkpoint_done(&fixture->checkpoint);
    assert_int_equal(checkpoint_parse(&fixture->checkpoint, &fixture->walk, &error), 0);
}

/* The image that convert makes of it. */
static void wrap(struct fixture *fixture)
{
    struct error error;

    assert_int_equal(checkpoint_annotations(&fixture->checkpoint, NULL, "2026-11-20T09:30:15Z",
                                            &fixture->annotations, &error),
                     0);
    fixture->image = (struct restore_image){
        .annotations = fixture->annotations,
        .top_annotations = fixture->annotations,
        .manifest_type = MEDIA_TYPE_MANIFEST,
        .config_type = MEDIA_TYPE_CONFIG,
        .layer_type = LAYER_TYPE_OCI "+zstd",
        .layer_type_is_true = true,
        .os = "linux",
        .architecture = "amd64",
    };
    fixture->subject.image = &fixture->image;
}

static enum verdict ask(struct fixture *fixture, enum engine engine, const char *version)
{
    struct engine_version parsed;
    struct error error;

    assert_int_equal(engine_version_parse(&parsed, version, &error), 0);
    reasoning_done(&fixture->reasoning);
    engine_reason(&fixture->reasoning, &fixture->subject, engine, &parsed);
    return fixture->reasoning.verdict;
}

/* One without a rule if there is none. */
static struct reason find_reason(const struct fixture *fixture, const char *rule)
{
    for (size_t i = 0; i < fixture->reasoning.count; i++)
        if (strcmp(fixture->reasoning.reasons[i].rule, rule) == 0)
            return fixture->reasoning.reasons[i];
    return (struct reason){.text = (char *)(uintptr_t) ""};
}

static void assert_reason(const struct fixture *fixture, const char *rule, enum verdict verdict,
                          const char *text)
{
    struct reason reason = find_reason(fixture, rule);

    if (!reason.rule)
        fail_msg("no line about %s", rule);
    assert_string_equal(verdict_name(reason.verdict), verdict_name(verdict));
    if (!strstr(reason.text, text))
        fail_msg("\"%s\" says nothing of \"%s\"", reason.text, text);
}

/* The verdicts for engine_ranges, in their order: a letter each. */
static void assert_verdicts(struct fixture *fixture, const char *sample, const char *expected)
{
    static const char letters[] = {
        [VERDICT_YES] = 'y', [VERDICT_NEEDS] = '+', [VERDICT_UNKNOWN] = '?', [VERDICT_NO] = '-'};
    char verdicts[32] = {0};

    load(fixture, sample);
    for (size_t i = 0; engine_ranges[i].engine != ENGINE_UNKNOWN; i++) {
        reasoning_done(&fixture->reasoning);
        engine_reason(&fixture->reasoning, &fixture->subject, engine_ranges[i].engine,
                      &engine_ranges[i].sample);
        assert_non_null(reasoning_decisive(&fixture->reasoning));
        verdicts[i] = letters[fixture->reasoning.verdict];
    }
    assert_string_equal(verdicts, expected);
}

static void test_every_sample_on_every_engine(void **state)
{
    /*                                                        CRI-O containerd podman */
    assert_verdicts(*state, "crio-1.26-counter.tar",
                    "?++++"
                    "----"
                    "--");
    assert_verdicts(*state, "crio-1.36-counter.tar",
                    "?-+++"
                    "----"
                    "--");
    assert_verdicts(*state, "crio-1.36-shop.tar",
                    "?-+++"
                    "----"
                    "--");
    assert_verdicts(*state, "containerd-2.3-counter.tar",
                    "-----"
                    "-y+-"
                    "--");
    assert_verdicts(*state, "podman-4.3-counter.tar",
                    "-----"
                    "----"
                    "-+");
}

static void test_crio_needs_the_base_image_and_a_pod_with_the_mounts(void **state)
{
    struct fixture *fixture = *state;
    json_t *mounts;

    load(fixture, "crio-1.36-counter.tar");
    mounts = json_object_get(fixture->checkpoint.spec, "mounts");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36.3"), VERDICT_NEEDS);
    assert_reason(fixture, "base-image", VERDICT_NEEDS,
                  "127.0.0.1:5000/counter:1 (sha256:0d27d900ca4b8f1b8bfa2fae54a70a2fd1d3ed5b6a59cd3"
                  "43167b49f7265d12e)");
    assert_reason(fixture, "mounts", VERDICT_YES, "no mount");
    assert_reason(fixture, "kubelet-mounts", VERDICT_YES, "/dev/termination-log");
    assert_reason(fixture, "signature-policy", VERDICT_NEEDS, "signature_policy");

    json_array_append_new(mounts, json_pack("{s:s}", "destination", "/data"));
    json_array_append_new(mounts, json_pack("{s:s}", "destination", "/etc/passwd"));
    ask(fixture, ENGINE_CRIO, "1.35");
    assert_reason(fixture, "mounts", VERDICT_NEEDS, "each of /data");
    assert_int_equal(json_array_size(find_reason(fixture, "mounts").items), 1);
    ask(fixture, ENGINE_CRIO, "1.34.9");
    assert_reason(fixture, "mounts", VERDICT_NEEDS, "each of /data, /etc/passwd");
    assert_int_equal(json_array_size(find_reason(fixture, "mounts").items), 2);
}

static void test_crio_switch_is_known_from_main_on(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "crio-1.36-counter.tar");
    ask(fixture, ENGINE_CRIO, "1.36");
    assert_null(find_reason(fixture, "switch").rule);
    assert_int_equal(ask(fixture, ENGINE_CRIO, "main"), VERDICT_NEEDS);
    assert_reason(fixture, "switch", VERDICT_NEEDS, "container_level_enabled");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.37.0"), VERDICT_UNKNOWN);
    assert_reason(fixture, "version", VERDICT_UNKNOWN, "up to 1.36");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.25"), VERDICT_UNKNOWN);
}

static void test_crio_1_26(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "crio-1.26-counter.tar");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.26.5"), VERDICT_NEEDS);
    fixture->subject.members.has_deleted_files = false;
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.26.5"), VERDICT_NO);
    assert_reason(fixture, "deleted-files", VERDICT_NO, "deleted.files is missing");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.27"), VERDICT_NEEDS);

    load(fixture, "crio-1.36-counter.tar");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.26"), VERDICT_NO);
    assert_reason(fixture, "written-by-newer", VERDICT_NO, "1.36");
}

static void test_crio_reads_the_metadata_narrowly(void **state)
{
    struct fixture *fixture = *state;
    json_t *annotations;

    load(fixture, "crio-1.36-counter.tar");
    json_object_set_new(fixture->checkpoint.config, "rootfsImageRef", json_string(""));
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NEEDS);
    json_object_set_new(fixture->checkpoint.config, "rootfsImageRef",
                        json_string("reg/x@sha256:12"));
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NO);
    assert_reason(fixture, "base-image-id", VERDICT_NO, "reg/x@sha256:12");

    load(fixture, "crio-1.36-counter.tar");
    annotations = json_object_get(fixture->checkpoint.spec, "annotations");
    json_object_set_new(annotations, "io.kubernetes.cri-o.Annotations", json_string("[]"));
    parse_again(fixture);
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NO);
    assert_reason(fixture, "crio-annotations", VERDICT_NO, "no JSON object");
    annotations = json_object_get(fixture->checkpoint.spec, "annotations");
    json_object_del(annotations, "io.kubernetes.cri-o.Annotations");
    parse_again(fixture);
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NO);
    assert_reason(fixture, "crio-annotations", VERDICT_NO, "missing");
}

static void test_containerd_by_version(void **state)
{
    static const struct {
        const char *version;
        enum verdict verdict;
    } cases[] = {
        {"1.7.27", VERDICT_NO},    {"2.0.5", VERDICT_NO},        {"2.1", VERDICT_YES},
        {"2.1.9", VERDICT_YES},    {"2.2.6", VERDICT_YES},       {"2.2.7", VERDICT_NEEDS},
        {"v2.2.8", VERDICT_NEEDS}, {"2.3.0", VERDICT_YES},       {"2.3.3", VERDICT_YES},
        {"2.3.4", VERDICT_NEEDS},  {"2.4.0-beta.1", VERDICT_NO}, {"main", VERDICT_NO},
    };
    struct fixture *fixture = *state;

    load(fixture, "containerd-2.3-counter.tar");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum verdict verdict = ask(fixture, ENGINE_CONTAINERD, cases[i].version);

        if (verdict != cases[i].verdict)
            fail_msg("%s: %s", cases[i].version, verdict_name(verdict));
        if (verdict == VERDICT_NEEDS)
            assert_reason(fixture, "switch", VERDICT_NEEDS,
                          "enable_experimental_restore_via_create");
    }
}

static void test_containerd_reads_the_archive(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "containerd-2.3-counter.tar");
    fixture->subject.members.has_status_dump = false;
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.1"), VERDICT_NO);
    assert_reason(fixture, "status-dump", VERDICT_NO, "status.dump");

    load(fixture, "containerd-2.3-counter.tar");
    json_object_set_new(fixture->checkpoint.config, "rootfsImageName",
                        json_string("sha256:"
                                    "009facaf85797ed6b3a32b08ac0a6f7a"
                                    "1f95354090a9e762d367516ec0008c0a"));
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.1"), VERDICT_NEEDS);
    assert_reason(fixture, "base-image", VERDICT_NEEDS, "on the node");
    json_object_set_new(fixture->checkpoint.config, "rootfsImageName", json_string("Not A Name"));
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.1"), VERDICT_NO);
    json_object_del(fixture->checkpoint.config, "rootfsImageName");
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.1"), VERDICT_NO);
}

static void test_podman_needs_the_checkpoint_before(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "podman-4.3-counter.tar");
    fixture->subject.members.has_parent = true;
    assert_int_equal(ask(fixture, ENGINE_PODMAN, "5.8"), VERDICT_NEEDS);
    assert_reason(fixture, "previous", VERDICT_NEEDS, "podman container restore --import-previous");
}

static void test_podman_compares_the_runtime(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "podman-4.3-counter.tar");
    wrap(fixture);
    assert_int_equal(ask(fixture, ENGINE_PODMAN, "5.8"), VERDICT_NEEDS);
    assert_reason(fixture, "annotation", VERDICT_NEEDS, "called \"runc\"");
    json_object_del(fixture->annotations, "io.podman.annotations.checkpoint.runtime.name");
    assert_int_equal(ask(fixture, ENGINE_PODMAN, "5.8"), VERDICT_NO);
    assert_int_equal(ask(fixture, ENGINE_PODMAN, "4.0.3"), VERDICT_NO);
    assert_reason(fixture, "version", VERDICT_NO, "4.1");
    json_object_set_new(fixture->annotations, "io.podman.annotations.checkpoint.runtime.name",
                        json_string("crun"));
    assert_int_equal(ask(fixture, ENGINE_PODMAN, "6.0"), VERDICT_UNKNOWN);
    assert_reason(fixture, "annotation", VERDICT_NEEDS, "called \"crun\"");
}

/* What CRIU's images ask for, whichever engine: of the node's CRIU, of the node, of the user. */
static void test_what_criu_asks_for(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "containerd-2.3-counter.tar");
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_YES);
    assert_reason(fixture, "criu", VERDICT_YES, "CRIU 4.2 or newer");
    assert_reason(fixture, "cgroups", VERDICT_YES, "cgroup v1");
    fixture->checkpoint.criu = (struct criu_traits){.is_newer = true, .has_connections = true};
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NEEDS);
    assert_reason(fixture, "criu", VERDICT_NEEDS, "a CRIU newer than 4.2");
    assert_reason(fixture, "tcp-connections", VERDICT_NEEDS, "/etc/criu/runc.conf");
    assert_null(find_reason(fixture, "cgroups").rule);
    fixture->checkpoint.criu = (struct criu_traits){.has_parent = true};
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NO);

    load(fixture, "podman-4.3-counter.tar");
    fixture->checkpoint.criu = (struct criu_traits){.has_parent = true, .has_connections = true};
    assert_int_equal(ask(fixture, ENGINE_PODMAN, "5.8"), VERDICT_NEEDS);
    assert_reason(fixture, "parent", VERDICT_NEEDS, "--import-previous");
    assert_reason(fixture, "tcp-connections", VERDICT_NEEDS, "restore --tcp-established");
}

static void test_an_image_that_nothing_marks(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "crio-1.36-counter.tar");
    wrap(fixture);
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NEEDS);
    assert_reason(fixture, "annotation", VERDICT_YES, "the manifest has the annotation");
    json_object_del(fixture->annotations, "io.kubernetes.cri-o.annotations.checkpoint.name");
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NO);
    assert_reason(fixture, "annotation", VERDICT_NO, "nothing marks the image");
}

static void test_an_index_has_annotations_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    cleanup(json_decrefp) json_t *none = json_object();

    load(fixture, "containerd-2.3-counter.tar");
    wrap(fixture);
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_YES);
    fixture->image.has_index = true;
    fixture->image.top_annotations = none;
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NO);
    assert_reason(fixture, "annotation", VERDICT_NO, "stands for an index");

    load(fixture, "crio-1.36-counter.tar");
    wrap(fixture);
    fixture->image.has_index = true;
    fixture->image.top_annotations = none;
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NEEDS);
    fixture->image.top_annotations = fixture->annotations;
    fixture->image.annotations = none;
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_NO);
}

static void test_types_of_the_image(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "containerd-2.3-counter.tar");
    wrap(fixture);
    fixture->image.layer_type_is_true = false;
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NO);
    assert_reason(fixture, "layer-type", VERDICT_NO, LAYER_TYPE_OCI "+zstd");
    fixture->image.layer_type_is_true = true;
    fixture->image.architecture = "unknown";
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NO);
    assert_reason(fixture, "platform", VERDICT_NO, "no platform");
    fixture->image.architecture = "arm64";
    fixture->image.config_type = "application/vnd.oci.empty.v1+json";
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NO);
    assert_reason(fixture, "config-type", VERDICT_NO, "vnd.oci.empty");
    fixture->image.config_type = MEDIA_TYPE_CONFIG;
    fixture->image.manifest_type = "application/vnd.docker.distribution.manifest.v2+json";
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NO);
    assert_reason(fixture, "manifest-type", VERDICT_NO, "docker");
}

static void test_what_the_archive_does_not_tell(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "crio-1.36-counter.tar");
    free(steal(fixture->checkpoint.container));
    free(steal(fixture->checkpoint.image_name));
    free(steal(fixture->checkpoint.image_requested));
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_UNKNOWN);
    assert_reason(fixture, "annotation", VERDICT_NEEDS, "--name");
    assert_reason(fixture, "base-image", VERDICT_UNKNOWN, "does not name its base image");
    fixture->checkpoint.engine = ENGINE_UNKNOWN;
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_UNKNOWN);
    assert_reason(fixture, "archive-engine", VERDICT_UNKNOWN, "which engine");

    load(fixture, "containerd-2.3-counter.tar");
    fixture->checkpoint.architecture = NULL;
    assert_int_equal(ask(fixture, ENGINE_CONTAINERD, "2.3.0"), VERDICT_NEEDS);
    assert_reason(fixture, "platform", VERDICT_NEEDS, "--arch");
}

static void test_hostile_text(void **state)
{
    struct fixture *fixture = *state;
    json_t *mounts;

    load(fixture, "crio-1.36-counter.tar");
    free(fixture->checkpoint.image_name);
    fixture->checkpoint.image_name = xstrdup("x; rm -rf /\033[2J");
    mounts = json_object_get(fixture->checkpoint.spec, "mounts");
    for (int i = 0; i < 10000; i++)
        json_array_append_new(mounts, json_pack("{s:s}", "destination", "/\xc3\xa9\033]0;title"));
    assert_int_equal(ask(fixture, ENGINE_CRIO, "1.36"), VERDICT_UNKNOWN);
    assert_reason(fixture, "base-image", VERDICT_UNKNOWN, "no name of an image");
    assert_reason(fixture, "mounts", VERDICT_NEEDS, "and 9984 more");
    assert_int_equal(json_array_size(find_reason(fixture, "mounts").items), 10000);
    for (size_t i = 0; i < fixture->reasoning.count; i++)
        assert_null(strchr(fixture->reasoning.reasons[i].text, '\033'));
}

static void test_versions(void **state)
{
    static const char *const wrong[] = {"",        "1",     "1.",      "1.x",  "x",
                                        "1.2.3.4", "1.36 ", "99999.1", "-1.2", "1.2x"};
    struct engine_version version = {7, 7, 7}, main_branch;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (engine_version_parse(&version, wrong[i], &error) == 0 || error.kind != ERROR_USAGE)
            fail_msg("\"%s\" is taken", wrong[i]);
    assert_int_equal(version.major, 7);
    assert_int_equal(engine_version_parse(&version, "v2.4.1-rc.1+git", &error), 0);
    assert_int_equal(version.major * 100 + version.minor * 10 + version.patch, 241);
    assert_int_equal(engine_version_parse(&main_branch, "main", &error), 0);
    assert_true(engine_version_compare(&main_branch, &version) > 0);
    assert_true(engine_version_compare(&version, &main_branch) < 0);
    assert_int_equal(engine_version_compare(&version, &version), 0);
}

static void test_engines_by_name(void **state)
{
    enum engine engine = ENGINE_UNKNOWN;
    struct error error;

    (void)state;
    assert_int_equal(engine_parse(&engine, "cri-o", &error), 0);
    assert_int_equal(engine, ENGINE_CRIO);
    assert_int_equal(engine_parse(&engine, "Podman", &error), 0);
    assert_int_equal(engine, ENGINE_PODMAN);
    assert_int_equal(engine_parse(&engine, "docker", &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_sample_on_every_engine),
        TEST(test_crio_needs_the_base_image_and_a_pod_with_the_mounts),
        TEST(test_crio_switch_is_known_from_main_on),
        TEST(test_crio_1_26),
        TEST(test_crio_reads_the_metadata_narrowly),
        TEST(test_containerd_by_version),
        TEST(test_containerd_reads_the_archive),
        TEST(test_podman_needs_the_checkpoint_before),
        TEST(test_podman_compares_the_runtime),
        TEST(test_what_criu_asks_for),
        TEST(test_an_image_that_nothing_marks),
        TEST(test_an_index_has_annotations_of_its_own),
        TEST(test_types_of_the_image),
        TEST(test_what_the_archive_does_not_tell),
        TEST(test_hostile_text),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_engines_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
