// SPDX-License-Identifier: Apache-2.0
/* Where the path ends and the tag begins, when both may have colons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "transport/place.h"

static void assert_place(const char *text, const char *path, const char *tag)
{
    cleanup(place_done) struct place place = {0}, again = {0};
    cleanup_free char *formatted = NULL;
    struct error error = {0};

    if (place_parse(&place, "oci:", text, &error))
        fail_msg("%s: %s", text, error.text);
    if (strcmp(place.path, path) != 0 ||
        (tag ? !place.tag || strcmp(place.tag, tag) != 0 : place.tag != NULL))
        fail_msg("%s: \"%s\" and \"%s\"", text, place.path, place.tag ? place.tag : "(none)");
    formatted = place_format(path, tag);
    assert_int_equal(place_parse(&again, "oci:", formatted, &error), 0);
    assert_string_equal(again.path, path);
}

static void assert_refused(const char *text, const char *because)
{
    struct place place;
    struct error error = {0};

    assert_int_equal(place_parse(&place, "oci:", text, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    if (!strstr(error.text, because))
        fail_msg("%s: %s", text, error.text);
}

#define KUBELET "checkpoint-web-0_shop-cart-2026-05-01T09:30:15"

static void test_names_of_the_kubelet(void **state)
{
    (void)state;
    assert_place("out/" KUBELET "Z.tar", "out/" KUBELET "Z.tar", NULL);
    assert_place("out/" KUBELET "+02:00.tar", "out/" KUBELET "+02:00.tar", NULL);
    assert_place(KUBELET "Z.tar.gz", KUBELET "Z.tar.gz", NULL);
    assert_place("out/" KUBELET "Z.tar:v1", "out/" KUBELET "Z.tar", "v1");
    assert_place("out/" KUBELET "+02:00.tar:v1", "out/" KUBELET "+02:00.tar", "v1");
    /* Without its ending, as a directory may be called. */
    assert_place("out/" KUBELET "Z", "out/" KUBELET "Z", NULL);
    assert_place("out/" KUBELET "+02:00", "out/" KUBELET "+02:00", NULL);
    assert_place("out/" KUBELET "-07:00", "out/" KUBELET "-07:00", NULL);
    assert_place("out/" KUBELET "Z:v1", "out/" KUBELET "Z", "v1");
    assert_place("out/" KUBELET "+02:00:v1", "out/" KUBELET "+02:00", "v1");
    assert_place(KUBELET "Z/image:v1", KUBELET "Z/image", "v1");
    assert_place(KUBELET "+05:30/image", KUBELET "+05:30/image", NULL);
}

static void test_other_paths_with_colons(void **state)
{
    (void)state;
    assert_place("2026-05-01T09:30", "2026-05-01T09:30", NULL);
    assert_place("2026-05-01 09:30:v1", "2026-05-01 09:30", "v1");
    assert_place("at-09:30:15", "at-09:30:15", NULL);
    assert_place("a:b.tar", "a:b.tar", NULL);
    assert_place("a:b.tar:c", "a:b.tar", "c");
    assert_place("mirror/localhost:5000/app", "mirror/localhost:5000/app", NULL);
    assert_place("mirror/localhost:5000/app:1", "mirror/localhost:5000/app", "1");
#define HEX "0d27d900ca4b8f1b8bfa2fae54a70a2fd1d3ed5b6a59cd343167b49f7265d12e"
    assert_place("blobs/sha256:" HEX, "blobs/sha256:" HEX, NULL);
}

static void test_as_skopeo_has_them(void **state)
{
    (void)state;
    assert_place("dir", "dir", NULL);
    assert_place("/some/dir:tag", "/some/dir", "tag");
    assert_place("dir:20", "dir", "20");
    assert_place("dir10:20", "dir10", "20");
    assert_place("dir:v1.tar.d", "dir", "v1.tar.d");
    assert_place("file.tar:v1.tar", "file.tar", "v1.tar");
    assert_place("dir:" KUBELET "Z.d/x.tar:a", "dir:" KUBELET "Z.d/x.tar", "a");
    assert_place("dir:a/b:1", "dir", "a/b:1");
    assert_place("dir:docker.io/library/app:2.0", "dir", "docker.io/library/app:2.0");
    assert_place("dir:localhost:5000/app:1", "dir", "localhost:5000/app:1");
    assert_place("two.tar:docker.io/library/app:2.0", "two.tar", "docker.io/library/app:2.0");
}

static void test_a_double_colon_decides(void **state)
{
    (void)state;
    assert_place("a:b::c", "a:b", "c");
    assert_place("a::b:c", "a", "b:c");
    assert_place("a:b::", "a:b", NULL);
    assert_place("a::b::c", "a::b", "c");
    assert_place("a.tar::b.tar", "a.tar", "b.tar");
    assert_place(KUBELET "::15Z", KUBELET, "15Z");
}

static void test_what_says_two_things_is_refused(void **state)
{
    (void)state;
    assert_refused("lay:busybox:latest", "oci:lay::busybox:latest");
    assert_refused("lay:busybox:latest", "oci:lay:busybox::latest");
    assert_refused("lay:busybox:latest", "oci:lay:busybox:latest::");
    assert_refused("dir:Team/App:1", "other ways");
    assert_refused("dir:" KUBELET "Z", "other ways");
    assert_refused("", "path is missing");
    assert_refused(":tag", "path is missing");
    assert_refused("::tag", "path is missing");
    assert_refused("dir:", "tag is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_the_kubelet),
        cmocka_unit_test(test_other_paths_with_colons),
        cmocka_unit_test(test_as_skopeo_has_them),
        cmocka_unit_test(test_a_double_colon_decides),
        cmocka_unit_test(test_what_says_two_things_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
