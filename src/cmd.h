// SPDX-License-Identifier: Apache-2.0
/* The commands, a file each. They alone print and decide the exit status. */
#ifndef CKPTOCI_CMD_H
#define CKPTOCI_CMD_H

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "options.h"

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
 * What every command that takes its time begins with, once, after its arguments are known to be
 * good and before other threads start: warnings go around the progress bar, libcurl is ready, and
 * SIGINT, SIGTERM and SIGHUP trigger the cancel returned, which lives as long as the program; a
 * second signal ends it at once. NULL: *error says why not.
 */
struct cancel *cmd_start(struct error *error);

/* The same, but the first SIGTERM is only taken note of until `seconds` have passed, counted from
 * here: whoever is told to end has until then to be done. */
struct cancel *cmd_start_with_deadline(int seconds, struct error *error);

/* Prints "ckptoci: " and the text to stderr; returns the exit status for it. */
int cmd_fail(const struct error *error);

/* The same for one of several; ERROR_NONE is none. *status stays what the first failure made it. */
void cmd_fail_first(int *status, const struct error *error);

/* To standard output, in ASCII: text from outside is not to drive the terminal. Frees `report`. */
void cmd_print_json(json_t *report);

/* Ends what was printed to standard output; the exit status if that fails, else 0. */
int cmd_flush(void);

#endif
