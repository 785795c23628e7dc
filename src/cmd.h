// SPDX-License-Identifier: Apache-2.0
/* The commands, a file each. They alone print and decide the exit status. */
#ifndef CKPTOCI_CMD_H
#define CKPTOCI_CMD_H

#include "base/cancel.h"
#include "base/error.h"
#include "options.h"

extern const struct command convert_command;
extern const struct command copy_command;
extern const struct command login_command;
extern const struct command logout_command;
extern const struct command pull_command;

/* Prints "ckptoci: " and the text to stderr; returns the exit status for it. */
int cmd_fail(const struct error *error);

/* SIGINT, SIGTERM and SIGHUP trigger `cancel`, a second one of them ends the program at once. To be
 * called once, before other threads start; `cancel` must then live as long as the program. */
void cmd_cancel_on_signals(struct cancel *cancel);

#endif
