// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static void test_append_gathers_bytes_behind_a_terminator(void **state)
{
    cleanup(buffer_done) struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_int_equal(buffer_append(&buffer, "one\0two", 7), 0);
    assert_int_equal(buffer_append(&buffer, "three", 5), 0);
    assert_int_equal(buffer.len, 12);
    assert_memory_equal(buffer.data, "one\0twothree", 13);
}

static void test_append_takes_exactly_the_maximum(void **state)
{
    cleanup(buffer_done) struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4);
    assert_int_equal(buffer_append(&buffer, "123", 3), 0);
    assert_int_equal(buffer_append(&buffer, "4", 1), 0);
    assert_string_equal(buffer.data, "1234");
}

static void test_append_beyond_the_maximum_changes_nothing(void **state)
{
    cleanup(buffer_done) struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4);
    assert_int_equal(buffer_append(&buffer, "123", 3), 0);
    assert_int_equal(buffer_append(&buffer, "45", 2), -1);
    assert_int_equal(buffer_append(&buffer, "4", SIZE_MAX), -1);
    assert_int_equal(buffer.len, 3);
    assert_string_equal(buffer.data, "123");
}

static void test_append_of_nothing_gives_an_empty_string(void **state)
{
    cleanup(buffer_done) struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 0);
    assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer_append(&buffer, "1", 1), -1);
}

static void test_append_byte_by_byte_keeps_all(void **state)
{
    cleanup(buffer_done) struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 1000; i++) {
        char byte = (char)('a' + i % 26);

        assert_int_equal(buffer_append(&buffer, &byte, 1), 0);
        assert_int_equal(strlen(buffer.data), i + 1);
    }
    assert_int_equal(buffer.data[999], 'a' + 999 % 26);
    assert_int_equal(buffer_append(&buffer, "z", 1), -1);
}

static void test_clear_makes_room_again(void **state)
{
    cleanup(buffer_done) struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 3);
    buffer_clear(&buffer);
    assert_int_equal(buffer_append(&buffer, "123", 3), 0);
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer_append(&buffer, "456", 3), 0);
    assert_string_equal(buffer.data, "456");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_gathers_bytes_behind_a_terminator),
        cmocka_unit_test(test_append_takes_exactly_the_maximum),
        cmocka_unit_test(test_append_beyond_the_maximum_changes_nothing),
        cmocka_unit_test(test_append_of_nothing_gives_an_empty_string),
        cmocka_unit_test(test_append_byte_by_byte_keeps_all),
        cmocka_unit_test(test_clear_makes_room_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
