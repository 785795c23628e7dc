// SPDX-License-Identifier: Apache-2.0
/*
 * Commands and their options as tables: one table drives the parsing, the --help text and, through
 * that text, the check that the man page knows every option.
 */
#ifndef CKPTOCI_OPTIONS_H
#define CKPTOCI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct option_spec {
    const char *name;     /* without the dashes */
    char letter;          /* 0: none */
    const char *argument; /* its name in the help text; NULL: a flag; "[=BOOL]": optional */
    const char *help;
    int id; /* handed to the command's set() */
};

struct command {
    const char *name;
    const char *summary;               /* one line */
    const char *arguments;             /* for the usage line */
    const char *details;               /* further text for --help */
    const struct option_spec *options; /* ends with a NULL name */
    /* Further ones, the same for several commands; or NULL. */
    const struct option_spec *shared, *also_shared;
    int (*run)(const struct command *command, int argc, char **argv);
};

/*
 * Parses argv[1..]; options and other arguments in any order, "--" ends the options. Calls set()
 * for each option; what remains is moved to the end of argv, and its first index returned. The
 * option --help prints the text and ends the program. -1: ERROR_USAGE.
 */
int options_parse(const struct command *command, int argc, char **argv,
                  int (*set)(void *context, int id, const char *value, struct error *error),
                  void *context, struct error *error);

void options_print_help(const struct command *command);

/* "true" and "false", as Go's flags have them; a NULL text is true. */
int options_parse_bool(const char *text, bool *value, struct error *error);
int options_parse_int(const char *text, int min, int max, int *value, struct error *error);
/* Bytes: a number with K, M or G behind it, alone or as KiB or KB, always of 1024. */
int options_parse_size(const char *text, int64_t min, int64_t max, int64_t *bytes,
                       struct error *error);
/* A number with ms, s, m or h behind it; without a unit, seconds. At most a week. */
int options_parse_time_ms(const char *text, int64_t *ms, struct error *error);
/* The same with d and w, too, and at most ten years. */
int options_parse_age_ms(const char *text, int64_t *ms, struct error *error);

#endif
