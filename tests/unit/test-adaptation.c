// SPDX-License-Identifier: Apache-2.0
/* The level follows whoever is slower: those who take the blocks, or those who compress them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/blocks.h"

enum { IN_FLIGHT = 8, FULL = 6 };

/* `blocks` of them one after the other, all seen with the same numbers; the last one's level. */
static int run(struct adaptation *adaptation, unsigned blocks, unsigned waiting, unsigned ready)
{
    int level = 0;

    for (unsigned i = 0; i < blocks; i++) {
        adaptation_observe(adaptation, waiting, ready, FULL);
        level = adaptation_level(adaptation, adaptation->count);
    }
    return level;
}

static void test_follows_the_slower_side(void **state)
{
    struct adaptation adaptation;

    (void)state;
    adaptation_init(&adaptation, codec_for(COMPRESSION_ZSTD), IN_FLIGHT);
    assert_int_equal(adaptation_level(&adaptation, 0), 1);
    assert_int_equal(run(&adaptation, 100, 0, FULL), 3); /* the line is slow */
    assert_int_equal(run(&adaptation, 100, 1, 0), -100); /* it has become quick */
    assert_int_equal(run(&adaptation, 100, 1, 3), -100); /* both are at work */
    assert_int_equal(run(&adaptation, 100, 0, 0), -100); /* the disk is slow */
    assert_int_equal(run(&adaptation, 100, 1, FULL), 3);
    adaptation_done(&adaptation);
}

static void test_a_change_is_waited_for_before_the_next(void **state)
{
    struct adaptation adaptation;

    (void)state;
    adaptation_init(&adaptation, codec_for(COMPRESSION_ZSTD), IN_FLIGHT);
    assert_int_equal(run(&adaptation, IN_FLIGHT, 0, FULL), 1);
    assert_int_equal(run(&adaptation, IN_FLIGHT, 0, FULL), 2);
    assert_int_equal(run(&adaptation, 1, 0, FULL), 3);
    adaptation_done(&adaptation);
}

static void test_a_block_keeps_its_level(void **state)
{
    struct adaptation adaptation;

    (void)state;
    adaptation_init(&adaptation, codec_for(COMPRESSION_ZSTD), IN_FLIGHT);
    assert_int_equal(adaptation_level(&adaptation, 1000), 1); /* far ahead of the others */
    assert_int_equal(run(&adaptation, 100, 0, FULL), 3);
    assert_int_equal(adaptation_level(&adaptation, 1000), 1);
    assert_int_equal(adaptation_level(&adaptation, 500), 1);
    assert_int_equal(adaptation_level(&adaptation, 1100), 3);
    adaptation_done(&adaptation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_the_slower_side),
        cmocka_unit_test(test_a_change_is_waited_for_before_the_next),
        cmocka_unit_test(test_a_block_keeps_its_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
