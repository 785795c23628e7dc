// SPDX-License-Identifier: Apache-2.0
/* Rows of a table, and the fields that they set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"

/* Of main.c, which is not linked here: nothing in these tests asks for help. */
int cmd_flush(void)
{
    return EXIT_SUCCESS;
}

struct inner {
    int64_t before;
    int number;
    int number_after; /* is not to be written to */
};

struct request {
    const char *text;
    bool flag, truth, truth_given;
    int level;
    bool level_given;
    unsigned jobs, jobs_after;
    size_t bytes;
    int64_t time_ms, age_s;
    char special[8];
    struct inner inner;
};

static int take_special(void *field, const char *value, struct error *error)
{
    if (strlen(value) >= sizeof((struct request *)0)->special)
        return error_set(error, ERROR_USAGE, "\"%s\" is too long", value);
    strcpy(field, value);
    return 0;
}

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"age", 0, "TIME", "", OPTION_AGE(age_s)},
    {"bytes", 'b', "SIZE", "", OPTION_SIZE(bytes, 1024, 1 << 20)},
    {"flag", 'f', NULL, "", OPTION_FLAG(flag)},
    {"jobs", 'j', "N", "", OPTION_INTEGER(jobs, 1, 8)},
    {"level", 0, "N", "", OPTION_INTEGER(level, -9, 9), OPTION_GIVEN(level_given)},
    {"listed", 0, "X", "", OPTION_NO_FIELD},
    {"special", 0, "X", "", OPTION_SPECIAL(take_special, special)},
    {"text", 't', "X", "", OPTION_TEXT(text)},
    {"time", 0, "TIME", "", OPTION_TIME(time_ms)},
    {"truth", 0, "[=BOOL]", "", OPTION_FLAG(truth), OPTION_GIVEN(truth_given)},
    {0},
};

#undef OPTION_OWNER
#define OPTION_OWNER struct inner
static const struct option_spec inner_options[] = {
    {"number", 0, "N", "", OPTION_INTEGER(number, INT32_MIN, INT32_MAX)},
    {0},
};

static struct command_line line; /* what the last parse() has found */

static const struct command command = {
    .name = "test",
    .needs = "test needs nothing",
    .options = options,
    .shared = {{inner_options, offsetof(struct request, inner)}},
};

/* At most five arguments; they are strings of the caller's, and not changed. */
static int parse_for(const struct command *wanted, struct request *request, struct error *error,
                     const char *const arguments[6])
{
    static char *argv[8]; /* the line borrows from it */
    int argc = 1;

    argv[0] = (char *)(uintptr_t) "test";
    *request = (struct request){.inner = {.number_after = 42}, .jobs_after = 43};
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    argv[argc] = NULL;
    free(line.given);
    line = (struct command_line){0};
    return options_parse(wanted, argc, argv, request, &line, error);
}

static int parse(struct request *request, struct error *error, const char *const arguments[6])
{
    return parse_for(&command, request, error, arguments);
}

#define PARSE(...) parse(&request, &error, (const char *const[6]){__VA_ARGS__})

static void test_each_type_sets_its_field(void **state)
{
    struct request request;
    struct error error = {0};

    (void)state;
    assert_int_equal(PARSE("--text", "a", "-t", "b"), 0);
    assert_string_equal(request.text, "b");
    assert_int_equal(PARSE("-f", "--bytes=2k", "--jobs", "8"), 0);
    assert_true(request.flag);
    assert_int_equal(request.bytes, 2048);
    assert_int_equal(request.jobs, 8);
    assert_int_equal(request.jobs_after, 43);
    assert_int_equal(PARSE("--time=2m", "--age=1d", "--special=seven77"), 0);
    assert_int_equal(request.time_ms, 120 * 1000);
    assert_int_equal(request.age_s, 24 * 60 * 60);
    assert_string_equal(request.special, "seven77");
}

static void test_what_was_given_is_known(void **state)
{
    struct request request;
    struct error error = {0};

    (void)state;
    assert_int_equal(PARSE("-f"), 0);
    assert_false(request.level_given || request.truth_given);
    assert_int_equal(PARSE("--level=0", "--truth=false"), 0);
    assert_true(request.level_given && request.truth_given);
    assert_false(request.truth);
    assert_int_equal(PARSE("--truth", "--level", "-9"), 0);
    assert_true(request.truth);
    assert_int_equal(request.level, -9);
}

static void test_a_shared_table_sets_what_is_at_its_base(void **state)
{
    struct request request;
    struct error error = {0};

    (void)state;
    assert_int_equal(PARSE("--number=-2147483648"), 0);
    assert_int_equal(request.inner.number, INT32_MIN);
    assert_int_equal(request.inner.number_after, 42);
    assert_int_equal(request.inner.before, 0);
}

static void test_what_was_given_is_listed_in_its_order(void **state)
{
    struct request request;
    struct error error = {0};

    (void)state;
    assert_int_equal(PARSE("--lis=1", "-f", "--listed=2", "--", "--text"), 0);
    assert_int_equal(line.given_count, 3);
    assert_string_equal(line.given[0].name, "listed");
    assert_string_equal(line.given[0].value, "1");
    assert_string_equal(line.given[1].name, "flag");
    assert_null(line.given[1].value);
    assert_string_equal(line.given[2].name, "listed");
    assert_string_equal(line.given[2].value, "2");
    assert_int_equal(line.argument_count, 1);
    assert_string_equal(line.arguments[0], "--text");
    assert_null(line.arguments[1]);
}

static void test_arguments_are_counted(void **state)
{
    static const struct command one_or_two = {.name = "test",
                                              .needs = "test needs one or two",
                                              .min_arguments = 1,
                                              .max_arguments = 2};
    static const struct {
        const char *arguments[6];
        int result;
    } cases[] = {{{NULL}, -1}, {{"a"}, 0}, {{"a", "b"}, 0}, {{"a", "b", "c"}, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request;
        struct error error = {0};

        assert_int_equal(parse_for(&one_or_two, &request, &error, cases[i].arguments),
                         cases[i].result);
        assert_int_equal(line.argument_count, i);
        assert_int_equal(error.kind, cases[i].result ? ERROR_USAGE : ERROR_NONE);
    }
}

static void test_wrong_usage_is_told(void **state)
{
    static const struct {
        const char *arguments[6], *text;
    } cases[] = {
        {{"--jobs=0"}, "option --jobs: \"0\" is not a number from 1 to 8"},
        {{"--jobs=9"}, "option --jobs: \"9\" is not a number from 1 to 8"},
        {{"--jobs="}, "option --jobs: \"\" is not a number from 1 to 8"},
        {{"-j", "1x"}, "option --jobs: \"1x\" is not a number from 1 to 8"},
        {{"--number=2147483648"},
         "option --number: \"2147483648\" is not a number from -2147483648 to 2147483647"},
        {{"--bytes=1023"},
         "option --bytes: \"1023\" is not a size from 1024 to 1048576 bytes, like 512K or 16M"},
        {{"--time=8d"}, "option --time: \"8d\" is not a time, like 500ms, 30s or 5m"},
        {{"--age=3654d"}, "option --age: \"3654d\" is not a time, like 12h, 30d or 8w"},
        {{"--truth=yes"}, "option --truth: \"yes\" is neither true nor false"},
        {{"--special=eight888"}, "option --special: \"eight888\" is too long"},
        {{"--flag=1"}, "option \"--flag=1\" takes no argument; see ckptoci test --help"},
        {{"--text"}, "option \"--text\" needs an argument; see ckptoci test --help"},
        {{"--none"}, "option \"--none\" is unknown; see ckptoci test --help"},
        {{"-x"}, "option \"-x\" is unknown or needs an argument; see ckptoci test --help"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request;
        struct error error = {0};

        assert_int_equal(parse(&request, &error, cases[i].arguments), -1);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_string_equal(error.text, cases[i].text);
    }
}

static void test_what_a_command_needs(void **state)
{
    struct error error = {0};

    (void)state;
    assert_int_equal(options_wrong_arguments(&command, &error), -1);
    assert_string_equal(error.text, "test needs nothing; see ckptoci test --help");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_type_sets_its_field),
        cmocka_unit_test(test_what_was_given_is_known),
        cmocka_unit_test(test_a_shared_table_sets_what_is_at_its_base),
        cmocka_unit_test(test_what_was_given_is_listed_in_its_order),
        cmocka_unit_test(test_arguments_are_counted),
        cmocka_unit_test(test_wrong_usage_is_told),
        cmocka_unit_test(test_what_a_command_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
