// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void test_doubles_up_to_a_maximum(void **state)
{
    const struct backoff backoff = {.times = 100, .delay_ms = 1000};

    (void)state;
    assert_int_equal(backoff_delay_ms(&backoff, 1), 1000);
    assert_int_equal(backoff_delay_ms(&backoff, 2), 2000);
    assert_int_equal(backoff_delay_ms(&backoff, 5), 16000);
    assert_int_equal(backoff_delay_ms(&backoff, 7), BACKOFF_MAX_MS);
    assert_int_equal(backoff_delay_ms(&backoff, 4000000000U), BACKOFF_MAX_MS);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_waits_as_long_as_it_is_asked_to(void **state)
{
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    int64_t begun_ms = now_ms();
    struct error error;

    (void)state;
    assert_int_equal(backoff_wait(50, cancel, &error), 0);
    assert_in_range(now_ms() - begun_ms, 50, 10000);
}

static void test_what_is_asked_counts_if_it_is_longer(void **state)
{
    const struct backoff backoff = {.times = 1, .delay_ms = 1000};

    (void)state;
    assert_in_range(backoff_next_ms(&backoff, 1, 0), 500, 1000);
    assert_in_range(backoff_next_ms(&backoff, 2, 10), 1000, 2000);
    assert_int_equal(backoff_next_ms(&backoff, 1, 10000), 10000);
    assert_int_equal(backoff_next_ms(&backoff, 1, INT64_MAX), BACKOFF_ASKED_MAX_MS);
}

static void test_cancelling_ends_the_wait(void **state)
{
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    int64_t begun_ms = now_ms();
    struct error error;

    (void)state;
    cancel_trigger(cancel);
    assert_int_equal(backoff_wait(BACKOFF_MAX_MS, cancel, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERRUPTED);
    assert_in_range(now_ms() - begun_ms, 0, BACKOFF_MAX_MS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles_up_to_a_maximum),
        cmocka_unit_test(test_waits_as_long_as_it_is_asked_to),
        cmocka_unit_test(test_what_is_asked_counts_if_it_is_longer),
        cmocka_unit_test(test_cancelling_ends_the_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
