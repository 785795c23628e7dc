// SPDX-License-Identifier: Apache-2.0
/*
 * Warnings from below the commands. The rooms never write to a stream themselves; the command sets
 * where the text goes. Any thread may call log_warning().
 */
#ifndef CKPTOCI_BASE_LOG_H
#define CKPTOCI_BASE_LOG_H

/* Set once, before other threads start. NULL, the default, drops the text. The text is one line
 * without its newline; control characters are already replaced. */
void log_set_writer(void (*writer)(const char *text));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
