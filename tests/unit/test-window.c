// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/layer-source.h"

enum { STREAM_BYTES = 1000 };

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 256);
}

static void append(struct window *window, size_t len)
{
    uint8_t bytes[STREAM_BYTES];

    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(window->end + i);
    window_append(window, bytes, len);
}

/* Everything from each offset that is still there. */
static void assert_right(const struct window *window)
{
    for (uint64_t begin = window_begin(window); begin <= window->end; begin++) {
        uint64_t offset = begin;
        const void *data;
        size_t len;

        while ((len = window_at(window, offset, &data)) > 0)
            for (size_t i = 0; i < len; i++, offset++)
                assert_int_equal(((const uint8_t *)data)[i], byte_at(offset));
        assert_int_equal(offset, window->end);
    }
}

static void test_keeps_the_last_bytes(void **state)
{
    static const size_t pieces[] = {1, 9, 10, 0, 11, 3, 250, 7, 100, 99, 101, 1};
    struct window window;

    (void)state;
    window_init(&window, 100);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        append(&window, pieces[i]);
        assert_int_equal(window_begin(&window), window.end > 100 ? window.end - 100 : 0);
        assert_right(&window);
    }
    window_done(&window);
}

static void test_without_capacity_keeps_nothing(void **state)
{
    struct window window;
    const void *data;

    (void)state;
    window_init(&window, 0);
    append(&window, 10);
    assert_int_equal(window_begin(&window), 10);
    assert_int_equal(window_at(&window, 10, &data), 0);
    window_done(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_the_last_bytes),
        cmocka_unit_test(test_without_capacity_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
