// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/body.h"

/* Gives its text in blocks of three bytes and then, if `fails`, an error instead of the end. */
struct text_source {
    struct source source;
    const char *text;
    size_t at;
    bool fails;
};

static int text_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct text_source *text = (struct text_source *)source;

    *data = text->text + text->at;
    *len = strnlen(text->text + text->at, 3);
    text->at += *len;
    if (*len)
        return 1;
    return text->fails ? error_set(error, ERROR_ARCHIVE, "the archive is damaged") : 0;
}

static int text_seek(struct source *source, uint64_t offset, struct error *error)
{
    (void)error;
    ((struct text_source *)source)->at = offset;
    return 0;
}

static const struct source_ops once = {.next = text_next};
static const struct source_ops again = {.next = text_next, .seek = text_seek};

struct fixture {
    struct text_source text;
    struct progress progress;
    int64_t counted;
    struct body body;
    char read[64];
    size_t read_len;
};

static void begin(struct fixture *fixture, const struct source_ops *ops, const char *text,
                  int64_t size)
{
    *fixture = (struct fixture){.text = {.source = {ops}, .text = text}};
    body_init(&fixture->body, &fixture->text.source, 0, size, &fixture->progress,
              &fixture->counted);
}

static ssize_t read_some(struct fixture *fixture, size_t capacity)
{
    ssize_t len = body_read(&fixture->body, fixture->read + fixture->read_len, capacity);

    if (len > 0)
        fixture->read_len += (size_t)len;
    return len;
}

static ssize_t read_all(struct fixture *fixture)
{
    ssize_t len;

    while ((len = read_some(fixture, 2)) > 0)
        ;
    return len;
}

static void test_gives_all_bytes_and_counts_them(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, &once, "0123456", -1);
    assert_int_equal(read_some(&fixture, 2), 2);
    assert_int_equal(fixture.progress.bytes_sent, 2);
    assert_false(body_is_spent(&fixture.body));
    assert_int_equal(read_all(&fixture), 0);
    assert_string_equal(fixture.read, "0123456");
    assert_int_equal(fixture.progress.bytes_sent, 7);
    assert_true(body_is_spent(&fixture.body));
    assert_int_equal(body_finish(&fixture.body), 0);
}

static void test_takes_a_size_that_is_right(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, &once, "0123456", 7);
    assert_int_equal(read_all(&fixture), 0);
    assert_int_equal(body_finish(&fixture.body), 0);
}

static void test_hears_the_source_out_when_the_size_is_known(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, &once, "012", 3);
    fixture.text.fails = true;
    assert_int_equal(read_some(&fixture, 3), 3);
    assert_true(body_is_spent(&fixture.body));
    assert_int_equal(body_finish(&fixture.body), -1);
    assert_string_equal(fixture.body.error.text, "the archive is damaged");
    assert_int_equal(fixture.body.error.kind, ERROR_ARCHIVE);
    assert_true(fixture.body.source_failed);
}

static void test_a_source_longer_or_shorter_than_said_is_an_error(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, &once, "0123456", 8);
    assert_int_equal(read_all(&fixture), -1);
    assert_non_null(strstr(fixture.body.error.text, "7 of 8 bytes"));
    begin(&fixture, &once, "0123456", 6);
    assert_int_equal(read_all(&fixture), -1);
    assert_non_null(strstr(fixture.body.error.text, "more than the 6 bytes"));
    assert_int_equal(fixture.read_len, 6);
}

static void test_an_error_stays(void **state)
{
    struct fixture fixture;
    struct error error;

    (void)state;
    begin(&fixture, &again, "0123456", -1);
    fixture.text.fails = true;
    assert_int_equal(read_all(&fixture), -1);
    fixture.text.fails = false;
    assert_int_equal(read_some(&fixture, 1), -1);
    assert_int_equal(body_rewind(&fixture.body, &error), -1);
    assert_string_equal(error.text, "the archive is damaged");
    assert_int_equal(body_finish(&fixture.body), -1);
    assert_string_equal(fixture.body.error.text, "the archive is damaged");
}

static void test_starts_again_and_counts_once(void **state)
{
    struct fixture fixture;
    struct error error;

    (void)state;
    begin(&fixture, &again, "0123456", -1);
    read_some(&fixture, 2);
    read_some(&fixture, 2);
    assert_int_equal(body_rewind(&fixture.body, &error), 0);
    assert_int_equal(fixture.progress.bytes_sent, 3);
    fixture.read_len = 0;
    assert_int_equal(read_all(&fixture), 0);
    assert_string_equal(fixture.read, "0123456");
    assert_int_equal(fixture.progress.bytes_sent, 7);
    assert_int_equal(fixture.progress.bytes_again, 3);
}

static void test_starts_again_in_the_middle_of_the_layer(void **state)
{
    struct fixture fixture;
    struct error error;

    (void)state;
    begin(&fixture, &again, "0123456789", -1);
    assert_int_equal(source_seek(&fixture.text.source, 4, &error), 0);
    body_init(&fixture.body, &fixture.text.source, 4, 6, &fixture.progress, &fixture.counted);
    read_some(&fixture, 2);
    read_some(&fixture, 2);
    assert_int_equal(body_rewind(&fixture.body, &error), 0);
    fixture.read_len = 0;
    assert_int_equal(read_all(&fixture), 0);
    assert_string_equal(fixture.read, "456789");
    assert_int_equal(body_finish(&fixture.body), 0);
}

static void test_an_unspent_body_needs_no_seek(void **state)
{
    struct fixture fixture;
    struct error error;

    (void)state;
    begin(&fixture, &once, "0123456", -1);
    assert_int_equal(body_rewind(&fixture.body, &error), 0);
    read_some(&fixture, 1);
    assert_int_equal(body_rewind(&fixture.body, &error), -1);
    assert_non_null(strstr(error.text, "cannot be read a second time"));
    /* Whoever sends it may still find another way. */
    assert_int_equal(fixture.body.error.kind, ERROR_NONE);
    assert_int_equal(read_some(&fixture, 1), 1);
}

static void test_a_request_that_ends_early_is_noticed(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, &once, "0123456", -1);
    read_some(&fixture, 2);
    assert_int_equal(body_finish(&fixture.body), -1);
    assert_non_null(strstr(fixture.body.error.text, "after 2 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_all_bytes_and_counts_them),
        cmocka_unit_test(test_takes_a_size_that_is_right),
        cmocka_unit_test(test_hears_the_source_out_when_the_size_is_known),
        cmocka_unit_test(test_a_source_longer_or_shorter_than_said_is_an_error),
        cmocka_unit_test(test_an_error_stays),
        cmocka_unit_test(test_starts_again_and_counts_once),
        cmocka_unit_test(test_starts_again_in_the_middle_of_the_layer),
        cmocka_unit_test(test_an_unspent_body_needs_no_seek),
        cmocka_unit_test(test_a_request_that_ends_early_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
