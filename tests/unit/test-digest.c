// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/digest.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_of_memory_is_the_published_value(void **state)
{
    struct digest digest;

    (void)state;
    sha256_of("abc", 3, &digest); /* FIPS 180-4, example B.1 */
    assert_string_equal(digest.text, "sha256:" HEX);
    assert_string_equal(digest_hex(&digest), HEX);
}

static void test_of_nothing_is_the_published_value(void **state)
{
    struct digest digest;

    (void)state;
    sha256_of("", 0, &digest);
    assert_string_equal(digest_hex(&digest),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_of_pieces_equals_that_of_the_whole(void **state)
{
    cleanup(sha256_freep) struct sha256 *hash = sha256_new();
    struct digest digest;

    (void)state;
    sha256_update(hash, "a", 1);
    sha256_update(hash, "", 0);
    sha256_update(hash, "bc", 2);
    sha256_final(hash, &digest);
    assert_string_equal(digest_hex(&digest), HEX);
}

static void test_parse_takes_a_sha256_digest(void **state)
{
    struct digest digest;

    (void)state;
    assert_int_equal(digest_parse(&digest, "sha256:" HEX), 0);
    assert_string_equal(digest.text, "sha256:" HEX);
}

static void test_parse_refuses_all_else_and_leaves_the_digest(void **state)
{
    static const char *const refused[] = {
        "",
        "sha256:",
        HEX,
        "sha512:" HEX,
        "SHA256:" HEX,
        "sha256:" HEX "0",
        "sha256:" HEX " ",
        "sha256: " HEX,
        "sha256:a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha256:../../../../../../etc/passwd00000000000000000000000000000000000000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct digest digest = {"unchanged"};

        assert_int_equal(digest_parse(&digest, refused[i]), -1);
        assert_string_equal(digest.text, "unchanged");
    }
}

static void test_equal_compares_all_digits(void **state)
{
    struct digest a, b;

    (void)state;
    sha256_of("abc", 3, &a);
    b = a;
    assert_true(digest_equal(&a, &b));
    b.text[DIGEST_TEXT_LEN - 1] = 'e';
    assert_false(digest_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_memory_is_the_published_value),
        cmocka_unit_test(test_of_nothing_is_the_published_value),
        cmocka_unit_test(test_of_pieces_equals_that_of_the_whole),
        cmocka_unit_test(test_parse_takes_a_sha256_digest),
        cmocka_unit_test(test_parse_refuses_all_else_and_leaves_the_digest),
        cmocka_unit_test(test_equal_compares_all_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
