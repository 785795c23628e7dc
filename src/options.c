// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_OPTIONS = 64, HELP_COLUMN = 34, LONG_ONLY = 0x1000, ID_HELP = -1 };

static const struct option_spec help_option = {.name = "help",
                                               .letter = 'h',
                                               .help = "print this text",
                                               .id = ID_HELP};

static int count_table(const struct option_spec *table)
{
    int count = 0;

    while (table && table[count].name)
        count++;
    return count;
}

static const struct option_spec *spec_at(const struct command *command, int i)
{
    const struct option_spec *const tables[] = {command->options, command->shared,
                                                command->also_shared};

    for (size_t table = 0; table < sizeof tables / sizeof *tables; table++) {
        int count = count_table(tables[table]);

        if (i < count)
            return &tables[table][i];
        i -= count;
    }
    return &help_option;
}

static int count_options(const struct command *command)
{
    return count_table(command->options) + count_table(command->shared) +
           count_table(command->also_shared) + 1; /* and --help */
}

static int argument_kind(const struct option_spec *spec)
{
    if (!spec->argument)
        return no_argument;
    return spec->argument[0] == '[' ? optional_argument : required_argument;
}

static int unknown_option(const struct command *command, char **argv, int result,
                          struct error *error)
{
    /* For a long option optopt is 0, or its `val` when the argument is what is wrong. */
    if (optopt && optopt < LONG_ONLY)
        error_set(error, ERROR_USAGE, "option \"-%c\" is unknown or needs an argument", optopt);
    else
        error_set(error, ERROR_USAGE,
                  result == ':' ? "option \"%s\" needs an argument"
                  : optopt != 0 ? "option \"%s\" takes no argument"
                                : "option \"%s\" is unknown",
                  argv[optind - 1]);
    return error_advice(error, "see ckptoci %s --help", command->name);
}

/* `result` is getopt_long()'s: one of ours, so it is found. */
static const struct option_spec *find_option(const struct command *command, int count, int result)
{
    int i = 0;

    while (i < count - 1 && result != LONG_ONLY + i && result != spec_at(command, i)->letter)
        i++;
    return spec_at(command, i);
}

int options_parse(const struct command *command, int argc, char **argv,
                  int (*set)(void *context, int id, const char *value, struct error *error),
                  void *context, struct error *error)
{
    struct option long_options[MAX_OPTIONS + 1] = {0};
    char letters[MAX_OPTIONS * 3 + 2] = ":", *letter = letters + 1;
    int count = count_options(command), result;

    for (int i = 0; i < count; i++) {
        const struct option_spec *spec = spec_at(command, i);

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
        const struct option_spec *spec;

        if (result == '?' || result == ':')
            return unknown_option(command, argv, result, error);
        spec = find_option(command, count, result);
        if (spec->id == ID_HELP) {
            options_print_help(command);
            exit(EXIT_SUCCESS);
        }
        if (set(context, spec->id, optarg, error) < 0)
            return error_context(error, "option --%s", spec->name);
    }
    return optind;
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
    printf("Usage: ckptoci %s %s\n\n%s\n\nOptions:\n", command->name, command->arguments,
           command->details);
    for (int i = 0; i < count_options(command); i++) {
        const struct option_spec *spec = spec_at(command, i);
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

int options_parse_bool(const char *text, bool *value, struct error *error)
{
    if (!text || strcmp(text, "true") == 0)
        *value = true;
    else if (strcmp(text, "false") == 0)
        *value = false;
    else
        return error_set(error, ERROR_USAGE, "\"%s\" is neither true nor false", text);
    return 0;
}

int options_parse_int(const char *text, int min, int max, int *value, struct error *error)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < min || number > max)
        return error_set(error, ERROR_USAGE, "\"%s\" is not a number from %d to %d", text, min,
                         max);
    *value = (int)number;
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

int options_parse_time_ms(const char *text, int64_t *ms, struct error *error)
{
    static const struct unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {0},
    };
    const int64_t week_ms = (int64_t)7 * 24 * 60 * 60 * 1000;

    if (parse_with_unit(text, units, 0, week_ms, ms) == 0)
        return 0;
    return error_set(error, ERROR_USAGE, "\"%s\" is not a time, like 500ms, 30s or 5m", text);
}

int options_parse_age_ms(const char *text, int64_t *ms, struct error *error)
{
    static const struct unit units[] = {
        {"", 1000},
        {"ms", 1},
        {"s", 1000},
        {"m", 60 * 1000},
        {"h", 60 * 60 * 1000},
        {"d", 24 * 60 * 60 * 1000},
        {"w", 7 * 24 * 60 * 60 * 1000},
        {0},
    };
    const int64_t ten_years_ms = (int64_t)3653 * 24 * 60 * 60 * 1000;

    if (parse_with_unit(text, units, 0, ten_years_ms, ms) == 0)
        return 0;
    return error_set(error, ERROR_USAGE, "\"%s\" is not a time, like 12h, 30d or 8w", text);
}
