// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "cli/cmd.h"

enum { MAX_OPTIONS = 64, HELP_COLUMN = 34, LONG_ONLY = 0x1000 };

static const struct option_spec help_option = {.name = "help",
                                               .letter = 'h',
                                               .help = "print this text"};

struct row {
    const struct option_spec *spec;
    size_t base; /* where in the request its offsets begin */
};

static int add_rows(struct row rows[MAX_OPTIONS], int count, const struct option_spec *options,
                    size_t base)
{
    for (; options && options->name; options++) {
        assert(count < MAX_OPTIONS - 1);
        rows[count++] = (struct row){options, base};
    }
    return count;
}

/* All options of the command, --help the last. How many they are. */
static int list_rows(const struct command *command, struct row rows[MAX_OPTIONS])
{
    int count = add_rows(rows, 0, command->options, 0);

    for (int i = 0; i < COMMAND_MAX_SHARED; i++)
        count = add_rows(rows, count, command->shared[i].options, command->shared[i].base);
    rows[count++] = (struct row){&help_option, 0};
    return count;
}

static int argument_kind(const struct option_spec *spec)
{
    if (!spec->argument)
        return no_argument;
    return spec->argument[0] == '[' ? optional_argument : required_argument;
}

/* getopt_long() takes a beginning that is one option's alone; of several it names none. */
static int unknown_long_option(const struct command *command, const char *text, struct error *error)
{
    struct row rows[MAX_OPTIONS];
    const char *names[MAX_OPTIONS + 1] = {0};
    cleanup_free char *word = xstrndup(text, strcspn(text, "="));
    const char *name = word + strspn(word, "-");
    int count = list_rows(command, rows);

    for (int i = 0; i < count; i++)
        names[i] = rows[i].spec->name;
    error_set(error, ERROR_USAGE, "option \"%s\" is unknown", word);
    if (nearest_find(name, names))
        return nearest_advise(error, name, names, "--");
    return error_advice(error, "see ckptoci %s --help", command->name);
}

static int unknown_option(const struct command *command, char **argv, int result,
                          struct error *error)
{
    /* For a long option optopt is 0, or its `val` when the argument is what is wrong. */
    if (optopt && optopt < LONG_ONLY)
        error_set(error, ERROR_USAGE, "option \"-%c\" is unknown or needs an argument", optopt);
    else if (result != ':' && optopt == 0)
        return unknown_long_option(command, argv[optind - 1], error);
    else
        error_set(error, ERROR_USAGE,
                  result == ':' ? "option \"%s\" needs an argument"
                                : "option \"%s\" takes no argument",
                  argv[optind - 1]);
    return error_advice(error, "see ckptoci %s --help", command->name);
}

static int parse_bool(const char *text, bool *value, struct error *error)
{
    if (!text || strcmp(text, "true") == 0)
        *value = true;
    else if (strcmp(text, "false") == 0)
        *value = false;
    else
        return error_set(error, ERROR_USAGE, "\"%s\" is neither true nor false", text);
    return 0;
}

static int parse_integer(const char *text, int64_t min, int64_t max, int64_t *value,
                         struct error *error)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < min || number > max)
        return error_set(error, ERROR_USAGE, "\"%s\" is not a number from %lld to %lld", text,
                         (long long)min, (long long)max);
    *value = number;
    return 0;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* 0: the text is a number and one of the units, and their product is from min to max. */
static int parse_with_unit(const char *text, const struct unit *units, int64_t min, int64_t max,
                           int64_t *value)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || number < 0)
        return -1;
    while (units->name && strcasecmp(units->name, end) != 0)
        units++;
    if (!units->name || number > max / units->factor || number * units->factor < min)
        return -1;
    *value = number * units->factor;
    return 0;
}

int options_parse_size(const char *text, int64_t min, int64_t max, int64_t *bytes,
                       struct error *error)
{
    static const struct unit units[] = {
        {"", 1},
        {"k", 1 << 10},
        {"kb", 1 << 10},
        {"kib", 1 << 10},
        {"m", 1 << 20},
        {"mb", 1 << 20},
        {"mib", 1 << 20},
        {"g", 1 << 30},
        {"gb", 1 << 30},
        {"gib", 1 << 30},
        {0},
    };

    if (parse_with_unit(text, units, min, max, bytes) == 0)
        return 0;
    return error_set(error, ERROR_USAGE,
                     "\"%s\" is not a size from %lld to %lld bytes, like 512K or 16M", text,
                     (long long)min, (long long)max);
}

/* In milliseconds. Weeks and days are for ages alone. */
static const struct unit age_units[] = {
    {"w", 7 * 24 * 60 * 60 * 1000},
    {"d", 24 * 60 * 60 * 1000},
    {"h", 60 * 60 * 1000},
    {"m", 60 * 1000},
    {"s", 1000},
    {"", 1000},
    {"ms", 1},
    {0},
};
static const struct unit *const time_units = age_units + 2;

int options_parse_time_ms(const char *text, int64_t *ms, struct error *error)
{
    const int64_t week_ms = (int64_t)7 * 24 * 60 * 60 * 1000;

    if (parse_with_unit(text, time_units, 0, week_ms, ms) == 0)
        return 0;
    return error_set(error, ERROR_USAGE, "\"%s\" is not a time, like 500ms, 30s or 5m", text);
}

static int parse_age_s(const char *text, int64_t *seconds, struct error *error)
{
    const int64_t ten_years_ms = (int64_t)3653 * 24 * 60 * 60 * 1000;
    int64_t ms;

    if (parse_with_unit(text, age_units, 0, ten_years_ms, &ms))
        return error_set(error, ERROR_USAGE, "\"%s\" is not a time, like 12h, 30d or 8w", text);
    *seconds = ms / 1000;
    return 0;
}

static int set_number(const struct option_spec *spec, void *field, const char *value,
                      struct error *error)
{
    int64_t number = 0;
    int narrow;

    if (spec->type == OPTION_IS_SIZE
            ? options_parse_size(value, spec->min, spec->max, &number, error)
            : parse_integer(value, spec->min, spec->max, &number, error))
        return -1;
    narrow = (int)number;
    memcpy(field, spec->size == sizeof narrow ? (const void *)&narrow : &number, spec->size);
    return 0;
}

static int set_field(const struct option_spec *spec, void *field, const char *value,
                     struct error *error)
{
    switch (spec->type) {
    case OPTION_SETS_NOTHING:
        return 0;
    case OPTION_IS_FLAG:
        return parse_bool(value, field, error);
    case OPTION_IS_TEXT:
        *(const char **)field = value;
        return 0;
    case OPTION_IS_INTEGER:
    case OPTION_IS_SIZE:
        return set_number(spec, field, value, error);
    case OPTION_IS_TIME:
        return options_parse_time_ms(value, field, error);
    case OPTION_IS_AGE:
        return parse_age_s(value, field, error);
    case OPTION_IS_SPECIAL:
        break;
    }
    return spec->parse(field, value, error);
}

static int take_option(const struct command *command, const struct row *row, char *request,
                       struct command_line *line, struct error *error)
{
    const struct option_spec *spec = row->spec;

    if (spec == &help_option) {
        options_print_help(command);
        exit(cmd_flush());
    }
    if (set_field(spec, request + row->base + spec->offset, optarg, error))
        return error_context(error, "option --%s", spec->name);
    if (spec->given)
        *(bool *)(request + row->base + spec->given) = true;
    line->given = xreallocarray(line->given, line->given_count + 1, sizeof *line->given);
    line->given[line->given_count++] = (struct given_option){spec->name, optarg};
    return 0;
}

/* `result` is getopt_long()'s: for one of these, so it is found. */
static const struct row *find_row(const struct row *rows, int count, int result)
{
    int i = 0;

    while (i < count - 1 && result != LONG_ONLY + i && result != rows[i].spec->letter)
        i++;
    return &rows[i];
}

static int take_arguments(const struct command *command, int argc, char **argv,
                          struct command_line *line, struct error *error)
{
    line->arguments = argv + optind;
    line->argument_count = argc - optind;
    if (line->argument_count < command->min_arguments ||
        (command->max_arguments && line->argument_count > command->max_arguments))
        return options_wrong_arguments(command, error);
    return 0;
}

int options_parse(const struct command *command, int argc, char **argv, void *request,
                  struct command_line *line, struct error *error)
{
    struct row rows[MAX_OPTIONS];
    struct option long_options[MAX_OPTIONS + 1] = {0};
    char letters[MAX_OPTIONS * 3 + 2] = ":", *letter = letters + 1;
    int count = list_rows(command, rows), result;

    for (int i = 0; i < count; i++) {
        const struct option_spec *spec = rows[i].spec;

        long_options[i] = (struct option){spec->name, argument_kind(spec), NULL, LONG_ONLY + i};
        if (spec->letter) {
            *letter++ = spec->letter;
            if (spec->argument)
                *letter++ = ':';
        }
    }
    *letter = '\0';
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while ((result = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
        if (result == '?' || result == ':')
            return unknown_option(command, argv, result, error);
        if (take_option(command, find_row(rows, count, result), request, line, error))
            return -1;
    }
    return take_arguments(command, argc, argv, line, error);
}

int options_wrong_arguments(const struct command *command, struct error *error)
{
    error_set(error, ERROR_USAGE, "%s", command->needs);
    return error_advice(error, "see ckptoci %s --help", command->name);
}

/* Wraps at spaces; every line but the first begins at `indent`. */
static void print_wrapped(const char *text, int indent, int width)
{
    int column = indent;

    while (*text) {
        int word = (int)strcspn(text, " ");

        if (column > indent && column + 1 + word > width) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", word, text);
        column += word;
        text += word + (text[word] == ' ');
    }
    putchar('\n');
}

void options_print_help(const struct command *command)
{
    struct row rows[MAX_OPTIONS];
    int count = list_rows(command, rows);

    printf("Usage: ckptoci %s %s\n\n%s\n\nOptions:\n", command->name, command->arguments,
           command->details);
    for (int i = 0; i < count; i++) {
        const struct option_spec *spec = rows[i].spec;
        char left[80], letter[8] = "    ";

        if (spec->letter)
            snprintf(letter, sizeof letter, "-%c, ", spec->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, spec->name,
                 argument_kind(spec) == required_argument ? " " : "",
                 spec->argument ? spec->argument : "");
        printf("%-*s", HELP_COLUMN, left);
        if (strlen(left) >= HELP_COLUMN)
            printf("\n%*s", HELP_COLUMN, "");
        print_wrapped(spec->help, HELP_COLUMN, 100);
    }
}
