// SPDX-License-Identifier: Apache-2.0
/*
 * Commands and their options as tables. A row says everything about an option: how it is written,
 * its help text, and which field of the command's request it sets. The same table makes the --help
 * text and, through that text, the check that the man page knows every option.
 */
#ifndef CKPTOCI_OPTIONS_H
#define CKPTOCI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cancel.h"
#include "base/error.h"

enum option_type {
    OPTION_SETS_NOTHING, /* prepare() finds it in the struct command_line */
    OPTION_IS_FLAG,      /* bool, becomes true; with "[=BOOL]" it may be given "true" or "false" */
    OPTION_IS_TEXT,      /* const char *, borrowed from the command line */
    OPTION_IS_INTEGER,   /* from min to max */
    OPTION_IS_SIZE,      /* from min to max bytes, see options_parse_size() */
    OPTION_IS_TIME,      /* in milliseconds, see options_parse_time_ms() */
    OPTION_IS_AGE,       /* in seconds: a time that may have d or w behind it, up to ten years */
    OPTION_IS_SPECIAL,   /* set by parse() */
};

struct option_spec {
    const char *name;     /* without the dashes */
    char letter;          /* 0: none */
    const char *argument; /* its name in the help text; NULL: a flag; "[=BOOL]": optional */
    const char *help;
    /* From here on filled in by the macros below. Offsets are from the table's base. */
    enum option_type type;
    size_t offset;
    size_t size;  /* of a number's field */
    size_t given; /* of a bool that tells that the option was given; 0: there is none */
    int64_t min, max;
    /* `value` is NULL for a flag. The error need not name the option. */
    int (*parse)(void *field, const char *value, struct error *error);
};

/*
 * What a row sets. A file with a table defines OPTION_OWNER as the struct that has the fields. That
 * a field is of the type that the option needs is checked by _Generic, which does not compile
 * otherwise; but OPTION_SPECIAL takes any.
 */
#define OPTION_OFFSET(type, field) \
    (offsetof(OPTION_OWNER, field) + _Generic(((OPTION_OWNER *)0)->field, type : 0))
#define OPTION_NUMBER(number_type, field)                                                         \
    .type = (number_type),                                                                        \
    .offset = offsetof(OPTION_OWNER, field) + _Generic(((OPTION_OWNER *)0)->field, int : 0,       \
                                                       unsigned : 0, long : 0, unsigned long : 0, \
                                                       long long : 0),                            \
    .size = sizeof(((OPTION_OWNER *)0)->field)

#define OPTION_NO_FIELD .type = OPTION_SETS_NOTHING
#define OPTION_FLAG(field) .type = OPTION_IS_FLAG, .offset = OPTION_OFFSET(bool, field)
#define OPTION_TEXT(field) .type = OPTION_IS_TEXT, .offset = OPTION_OFFSET(const char *, field)
#define OPTION_INTEGER(field, from, to) \
    OPTION_NUMBER(OPTION_IS_INTEGER, field), .min = (from), .max = (to)
#define OPTION_SIZE(field, from, to) \
    OPTION_NUMBER(OPTION_IS_SIZE, field), .min = (from), .max = (to)
#define OPTION_TIME(field) .type = OPTION_IS_TIME, .offset = OPTION_OFFSET(int64_t, field)
#define OPTION_AGE(field) .type = OPTION_IS_AGE, .offset = OPTION_OFFSET(int64_t, field)
#define OPTION_SPECIAL(function, field) \
    .type = OPTION_IS_SPECIAL, .offset = offsetof(OPTION_OWNER, field), .parse = (function)
#define OPTION_GIVEN(field) .given = OPTION_OFFSET(bool, field)

/* A table that several commands have: `base` is where in the request its OPTION_OWNER is. */
struct shared_options {
    const struct option_spec *options;
    size_t base;
};

enum { COMMAND_MAX_SHARED = 2 };

/* An option that was given. */
struct given_option {
    const char *name;
    const char *value; /* NULL: none */
};

/* What was on the command line; borrows from argv. */
struct command_line {
    char **arguments; /* those that are no options, then NULL */
    int argument_count;
    struct given_option *given; /* in their order; on the heap */
    size_t given_count;
};

/*
 * A command's functions share `request`, a struct of the command's own on the heap, and are called
 * in the order they stand here, by one thread. -1: *error says why, and only done() follows.
 */
struct command {
    const char *name;
    const char *summary;   /* one line */
    const char *arguments; /* for the usage line */
    const char *details;   /* further text for --help */
    const char *needs;     /* what it says when there are too few or too many arguments */
    int min_arguments;
    int max_arguments; /* 0: any number */
    /* Tables end with a NULL name. */
    const struct option_spec *options;
    struct shared_options shared[COMMAND_MAX_SHARED];
    size_t request_size;
    const void *defaults; /* what the request is at first; NULL: all zero */
    /* The options have been set. Takes the arguments, which are as many as the command wants, and
     * checks how options go together. Nothing has been started yet. */
    int (*prepare)(void *request, const struct command_line *line, struct error *error);
    /* Does the work and prints the result; returns the exit status, or -1. */
    int (*run)(void *request, struct cancel *cancel, struct error *error);
    /* Frees what the request owns; or NULL. */
    void (*done)(void *request);
};

/*
 * Parses argv[1..]; options and other arguments in any order, "--" ends the options. Sets the
 * fields of the request and fills `line`, which is all zero before. --help prints the help text and
 * ends the program. -1: ERROR_USAGE, also where there are too few or too many arguments.
 */
int options_parse(const struct command *command, int argc, char **argv, void *request,
                  struct command_line *line, struct error *error);

/* Whether the option is on the command line, which may be wrong otherwise: nothing is set. */
bool options_ask_for(const struct command *command, int argc, char **argv, const char *name);

/* ERROR_USAGE: what the command needs. -1. */
int options_wrong_arguments(const struct command *command, struct error *error);

void options_print_help(const struct command *command);

/* Bytes: a number with K, M or G behind it, alone or as KiB or KB, always of 1024. */
int options_parse_size(const char *text, int64_t min, int64_t max, int64_t *bytes,
                       struct error *error);
/* A number with ms, s, m or h behind it; without a unit, seconds. At most a week. */
int options_parse_time_ms(const char *text, int64_t *ms, struct error *error);

#endif
