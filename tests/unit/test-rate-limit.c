// SPDX-License-Identifier: Apache-2.0
/* No more bytes than go in that time; how many fewer is the machine's business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "base/clock.h"

enum { RATE = 1000000, BYTES = 150000, THREADS = 2 };

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *take(void *argument)
{
    for (size_t left = BYTES; left > 0;)
        left -= rate_limit_take(argument, left);
    return NULL;
}

static void test_all_threads_together_keep_the_rate(void **state)
{
    struct rate_limit limit = RATE_LIMIT_INIT;
    pthread_t threads[THREADS];
    double begun = seconds();

    (void)state;
    limit.bytes_per_s = RATE;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take, &limit), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* The first tenth of a second's bytes go at once, and so would they after a pause. */
    assert_true(seconds() - begun >= (THREADS * BYTES - RATE / 10) / (double)RATE);
}

static void test_a_piece_is_a_tenth_of_a_second_at_most(void **state)
{
    struct rate_limit limit = RATE_LIMIT_INIT;

    (void)state;
    limit.bytes_per_s = RATE;
    assert_int_equal(rate_limit_take(&limit, BYTES), RATE / 10);
    limit.bytes_per_s = 5;
    limit.free_at_ns = 0;
    assert_int_equal(rate_limit_take(&limit, BYTES), 1);
}

static void test_without_a_limit_everything_goes(void **state)
{
    struct rate_limit limit = RATE_LIMIT_INIT;

    (void)state;
    assert_int_equal(rate_limit_take(&limit, BYTES), BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_threads_together_keep_the_rate),
        cmocka_unit_test(test_a_piece_is_a_tenth_of_a_second_at_most),
        cmocka_unit_test(test_without_a_limit_everything_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
