// SPDX-License-Identifier: Apache-2.0
/* Destinations as users write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/destination.h"

static void assert_registry(const char *text, const char *name, const char *path, const char *tag)
{
    cleanup(destination_done) struct destination destination = {0};
    struct error error = {0};

    if (destination_parse(&destination, text, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(destination.kind, DESTINATION_REGISTRY);
    assert_string_equal(destination.name, name);
    assert_string_equal(destination.reference.path, path);
    assert_string_equal(destination.reference.tag, tag);
}

static void assert_path(const char *text, enum destination_kind kind, const char *path,
                        const char *tag)
{
    cleanup(destination_done) struct destination destination = {0};
    struct error error = {0};

    if (destination_parse(&destination, text, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(destination.kind, kind);
    assert_string_equal(destination.name, text);
    assert_string_equal(destination.path, path);
    if (tag)
        assert_string_equal(destination.tag, tag);
    else
        assert_null(destination.tag);
}

static void assert_refused(const char *text, const char *because)
{
    struct destination destination;
    struct error error = {0};

    assert_int_equal(destination_parse(&destination, text, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    if (!strstr(error.text, because) || !strstr(error.text, text))
        fail_msg("\"%s\" does not say \"%s\" of \"%s\"", error.text, because, text);
}

static void test_registries(void **state)
{
    (void)state;
    assert_registry("docker://localhost:5000/a/b:1", "docker://localhost:5000/a/b:1", "a/b", "1");
    assert_registry("localhost:5000/a/b:1", "docker://localhost:5000/a/b:1", "a/b", "1");
    assert_registry("registry.example/x", "docker://registry.example/x:latest", "x", "latest");
    assert_registry("docker://counter:2", "docker://docker.io/library/counter:2", "library/counter",
                    "2");
    assert_registry("docker.io/counter:2", "docker://docker.io/library/counter:2",
                    "library/counter", "2");
    /* A repository called oci is no transport. */
    assert_registry("registry.example/oci:1", "docker://registry.example/oci:1", "oci", "1");
}

static void test_layouts_and_archives(void **state)
{
    (void)state;
    assert_path("oci:dir", DESTINATION_LAYOUT, "dir", NULL);
    assert_path("oci:/some/dir:tag", DESTINATION_LAYOUT, "/some/dir", "tag");
    assert_path("oci:dir:a/b:1", DESTINATION_LAYOUT, "dir", "a/b:1");
    assert_path("oci-archive:file.tar:tag", DESTINATION_ARCHIVE, "file.tar", "tag");
    assert_path("oci-archive:file.tar", DESTINATION_ARCHIVE, "file.tar", NULL);
    assert_path("oci-archive:checkpoint-2026-05-01T09:30:15Z.tar", DESTINATION_ARCHIVE,
                "checkpoint-2026-05-01T09:30:15Z.tar", NULL);
    assert_path("oci:a:b::c", DESTINATION_LAYOUT, "a:b", "c");
}

#define DIGEST "sha256:0d27d900ca4b8f1b8bfa2fae54a70a2fd1d3ed5b6a59cd343167b49f7265d12e"

/* Only what is copied has a digest beforehand. */
static void test_digests_of_what_is_copied(void **state)
{
    static const char *const names[] = {"r.example/x@" DIGEST, "r.example/x:1@" DIGEST,
                                        "oci:dir@" DIGEST, "oci-archive:file:1@" DIGEST};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup(destination_done) struct destination destination = {0};
        const char *tag = strstr(names[i], ":1@") ? "1" : NULL;
        struct error error = {0};

        assert_int_equal(destination_parse_copy(&destination, names[i], &error), 0);
        assert_string_equal(destination_digest(&destination), DIGEST);
        if (tag)
            assert_string_equal(destination_tag(&destination), tag);
        else
            assert_null(destination_tag(&destination));
    }
    assert_refused(names[0], "cannot name a digest");
}

static void test_what_we_cannot_write_to_is_refused(void **state)
{
    (void)state;
    assert_refused("oci:", "path is missing");
    assert_refused("oci::tag", "path is missing");
    assert_refused("oci:dir:", "tag is missing");
    assert_refused("docker-archive:x.tar", "\"docker-archive:\" is not supported");
    assert_refused("containers-storage:x", "not supported");
    assert_refused("https://registry.example/x", "\"https://\" is not supported");
    assert_refused("docker://", "");
    assert_refused("registry.example/X", "");
    assert_refused("registry.example/x@sha256:"
                   "0d27d900ca4b8f1b8bfa2fae54a70a2fd1d3ed5b6a59cd343167b49f7265d12e",
                   "cannot name a digest");
}

/* What was meant for a file must not reach a registry. */
static void test_files_are_no_names_on_docker_hub(void **state)
{
    static const char *const files[] = {"backups/out.tar", "out.tar.gz", "./x",
                                        "/tmp/x",          "../x",       "~/x",
                                        "dir.d/x.tar",     ".",          "x.tgz"};
    static const char *const names[] = {"counter:2", "backups/out", "out"};
    struct destination none;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_refused(files[i], "looks like a file");
        assert_refused(files[i], "oci-archive:");
        assert_int_equal(destination_parse_copy(&none, files[i], &error), -1);
        assert_int_equal(destination_parse_source(&none, files[i], &error), -1);
        assert_non_null(strstr(error.text, "looks like a file"));
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup(destination_done) struct destination source = {0};

        assert_refused(names[i], "names no registry");
        assert_refused(names[i], "docker.io/");
        /* Nothing is sent there by reading. */
        assert_int_equal(destination_parse_source(&source, names[i], &error), 0);
        assert_string_equal(source.reference.domain, "docker.io");
    }
    assert_refused("-", "standard output");
    assert_int_equal(destination_parse_source(&none, "/dev", &error), -1);
}

/* A path that has an @ of its own. */
static void test_digests_in_paths(void **state)
{
    (void)state;
    assert_path("oci-archive:app@" DIGEST ".tar", DESTINATION_ARCHIVE, "app@" DIGEST ".tar", NULL);
    assert_path("oci:app@" DIGEST "::v1", DESTINATION_LAYOUT, "app@" DIGEST, "v1");
    assert_refused("oci:app@" DIGEST, "cannot name a digest");
}

static void test_sources_may_have_a_digest(void **state)
{
    cleanup(destination_done) struct destination registry = {0}, layout = {0}, archive = {0};
    struct destination none;
    struct error error;

    (void)state;
    assert_int_equal(destination_parse_source(&registry, "host.example/x@" DIGEST, &error), 0);
    assert_string_equal(registry.reference.digest, DIGEST);
    assert_null(registry.reference.tag);
    assert_int_equal(destination_parse_source(&layout, "oci:dir:tag@" DIGEST, &error), 0);
    assert_string_equal(layout.path, "dir");
    assert_string_equal(layout.tag, "tag");
    assert_string_equal(layout.digest, DIGEST);
    assert_int_equal(destination_parse_source(&archive, "oci-archive:a@b.tar", &error), 0);
    assert_string_equal(archive.path, "a@b.tar");
    assert_null(archive.digest);
    assert_int_equal(destination_parse_source(&none, "oci:dir@sha256:12", &error), -1);
    assert_non_null(strstr(error.text, "64 lower-case hex digits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registries),
        cmocka_unit_test(test_layouts_and_archives),
        cmocka_unit_test(test_sources_may_have_a_digest),
        cmocka_unit_test(test_files_are_no_names_on_docker_hub),
        cmocka_unit_test(test_digests_in_paths),
        cmocka_unit_test(test_digests_of_what_is_copied),
        cmocka_unit_test(test_what_we_cannot_write_to_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
