// SPDX-License-Identifier: Apache-2.0
/*
 * The commands, a file each: a table of options, prepare(), which takes the command line, and
 * run(). Below is what main.c does for all of them. They alone print and decide the exit status.
 */
#ifndef CKPTOCI_CMD_H
#define CKPTOCI_CMD_H

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "cli/options.h"

extern const struct command checkpoint_command;
extern const struct command convert_command;
extern const struct command copy_command;
extern const struct command inspect_command;
extern const struct command list_command;
extern const struct command login_command;
extern const struct command logout_command;
extern const struct command pull_command;
extern const struct command restore_kit_command;
extern const struct command verify_command;
extern const struct command watch_command;

/*
 * SIGINT, SIGTERM and SIGHUP trigger the cancel that run() gets; a second one ends the program at
 * once. When prepare() has called this, a first SIGTERM triggers it only when `seconds` have passed
 * since: whoever is told to end has until then to be done.
 */
void cmd_defer_sigterm(int seconds);

/* Prints "ckptoci: " and the text to stderr; returns the exit status for it. */
int cmd_fail(const struct error *error);

/* Makes *first the first failure of several; ERROR_NONE is none. */
void cmd_note_failure(struct error *first, const struct error *error);

/* cmd_fail() for one of several; ERROR_NONE is none. *status stays what the first failure made it.
 */
void cmd_fail_first(int *status, const struct error *error);

/*
 * To standard output. Frees `report`. What a run that ends in `error` prints has the members
 * "error", its text, and "exit_status"; with NULL or ERROR_NONE there are none. A run with
 * --json that fails and has printed nothing prints these two alone: no command needs to do that.
 */
void cmd_print_json(json_t *report, const struct error *error);

/* Ends what was printed to standard output; the exit status if that fails, else 0. */
int cmd_flush(void);

#endif
