// SPDX-License-Identifier: Apache-2.0
/* Names of members as a file system takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/member-path.h"
#include "base/memory.h"

static void test_clean(void **state)
{
    static const char *const cases[][2] = {
        {"spec.dump", "spec.dump"},
        {"./spec.dump", "spec.dump"},
        {".//a///b/", "a/b"},
        {"a/./b", "a/b"},
        {"./", "."},
        {".", "."},
        {"", ""},
        {"/etc/x", "/etc/x"},
        {"//etc", "/etc"},
        {"../x", "../x"},
        {"a/../b/", "a/../b"},
        {"/", "/"},
        {"...", "..."},
        {".hidden", ".hidden"},
        {"a/.", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_free char *clean = member_path_clean(cases[i][0]);

        assert_string_equal(clean, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
