// SPDX-License-Identifier: Apache-2.0
/* Arguments as text that a shell reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "cli/view.h"

static void test_quotes_stand_where_they_are_needed(void **state)
{
    static const struct {
        const char *arguments[4], *text;
    } cases[] = {
        {{"sleep", "60", "--name=x", NULL}, "sleep 60 --name=x"},
        {{"rw", "size=65536k", "mode=755"}, "rw size=65536k mode=755"},
        {{"sh", "-c", "echo it's; rm -rf x"}, "sh -c 'echo it'\\''s; rm -rf x'"},
        {{"a", "", "b"}, "a '' b"},
        {{"'"}, "''\\'''"},
        {{"a b", "$HOME", "[x]"}, "'a b' '$HOME' '[x]'"},
        {{"two\nlines"}, "'two\nlines'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *arguments = json_array();
        cleanup_free char *text = NULL;

        for (int j = 0; j < 4 && cases[i].arguments[j]; j++)
            json_array_append_new(arguments, json_string(cases[i].arguments[j]));
        text = format_arguments(arguments);
        assert_string_equal(text, cases[i].text);
        json_decref(arguments);
    }
}

/* The words that a shell makes of the text, each with a NUL behind it. */
static size_t read_back(const char *text, char *words, size_t size)
{
    cleanup_free char *command = xasprintf("printf '%%s\\0' %s", text);
    FILE *shell = popen(command, "r");
    size_t len;

    assert_non_null(shell);
    len = fread(words, 1, size, shell);
    assert_int_equal(pclose(shell), 0);
    return len;
}

static void test_a_shell_reads_the_same_arguments(void **state)
{
    json_t *arguments = json_array();
    char expected[4096], words[4096];
    size_t len = 0;
    cleanup_free char *text = NULL;

    (void)state;
    /* Every character but NUL, alone, doubled, and between others. */
    for (char c = 1; c < 127; c++) {
        const char forms[][4] = {{c}, {c, c}, {'a', c, 'b'}, {c, 'a'}};

        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            json_array_append_new(arguments, json_string(forms[i]));
            strcpy(expected + len, forms[i]);
            len += strlen(forms[i]) + 1;
        }
    }
    json_array_append_new(arguments, json_string(""));
    expected[len++] = '\0';
    text = format_arguments(arguments);
    assert_int_equal(read_back(text, words, sizeof words), len);
    assert_memory_equal(words, expected, len);
    json_decref(arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes_stand_where_they_are_needed),
        cmocka_unit_test(test_a_shell_reads_the_same_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
