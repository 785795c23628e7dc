// SPDX-License-Identifier: Apache-2.0
/* Which words of the command line are archives, and which are images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/destination.h"

static void assert_archive(const char *text)
{
    struct subject subject = {0};
    struct error error;

    assert_int_equal(subject_parse(&subject, text, &error), 0);
    assert_int_equal(subject.kind, SUBJECT_ARCHIVE);
    assert_string_equal(subject.path, text);
    assert_string_equal(subject_name(&subject), text);
    subject_done(&subject);
}

static void assert_image(const char *text, enum destination_kind kind, const char *name)
{
    struct subject subject = {0};
    struct error error;

    assert_int_equal(subject_parse(&subject, text, &error), 0);
    assert_int_equal(subject.kind, SUBJECT_IMAGE);
    assert_int_equal(subject.image.kind, kind);
    assert_string_equal(subject_name(&subject), name);
    subject_done(&subject);
}

static void test_archives(void **state)
{
    (void)state;
    assert_archive("-");
    assert_archive("/");
    assert_archive("no-such-file.tar");
    assert_archive("no/such/file.tar.zst");
    assert_archive("no-such-file.tgz");
    assert_archive("no-such-file.tzst");
    assert_archive("/no/such/file");
    assert_archive("../no-such-file");
    assert_archive("checkpoint-shop_prod-eu-cart-2026-11-20T09:31:02+01:00.tar");
}

static void test_images(void **state)
{
    (void)state;
    assert_image("oci:layout:tag", DESTINATION_LAYOUT, "oci:layout:tag");
    assert_image("oci-archive:image.tar", DESTINATION_ARCHIVE, "oci-archive:image.tar");
    assert_image("docker://localhost:5000/cart.tar", DESTINATION_REGISTRY,
                 "docker://localhost:5000/cart.tar:latest");
    assert_image("registry.example/user/cart:1", DESTINATION_REGISTRY,
                 "docker://registry.example/user/cart:1");
    assert_image("registry.example/user/cart@sha256:"
                 "0000000000000000000000000000000000000000000000000000000000000000",
                 DESTINATION_REGISTRY,
                 "docker://registry.example/user/cart@sha256:"
                 "0000000000000000000000000000000000000000000000000000000000000000");
}

static void test_what_is_neither(void **state)
{
    struct subject subject = {.kind = SUBJECT_IMAGE};
    struct error error;

    (void)state;
    assert_int_equal(subject_parse(&subject, "No Such File", &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "there is no file of that name"));
    assert_int_equal(subject_parse(&subject, "oci:", &error), -1);
    assert_null(strstr(error.text, "there is no file of that name"));
    assert_int_equal(subject.kind, SUBJECT_IMAGE);
}

/* Which could also be the name of an image. */
static void test_a_directory_is_neither(void **state)
{
    static const char path[] = "some/unpacked";
    char place[] = "/tmp/ckptoci-subject.XXXXXX";
    struct subject subject = {.kind = SUBJECT_IMAGE};
    struct error error;

    (void)state;
    assert_non_null(mkdtemp(place));
    assert_int_equal(chdir(place), 0);
    assert_image(path, DESTINATION_REGISTRY, "docker://docker.io/some/unpacked:latest");
    assert_int_equal(mkdir("some", 0700) || mkdir(path, 0700), 0);
    assert_int_equal(subject_parse(&subject, path, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "is a directory"));
    assert_non_null(strstr(error.text, "docker://some/unpacked"));
    assert_archive("./some/unpacked");
    assert_image("docker://some/unpacked", DESTINATION_REGISTRY,
                 "docker://docker.io/some/unpacked:latest");
    assert_int_equal(rmdir(path) || rmdir("some") || rmdir(place), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archives),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_what_is_neither),
        cmocka_unit_test(test_a_directory_is_neither),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
