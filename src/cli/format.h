// SPDX-License-Identifier: Apache-2.0
/* Numbers and names as people read them. New strings, for free(). */
#ifndef CKPTOCI_FORMAT_H
#define CKPTOCI_FORMAT_H

#include <stdint.h>

#include <jansson.h>

/* All of a text from outside, fit to be shown; NULL gives an empty string. */
char *format_text(const char *text);
/* An array of strings as arguments of a command, from which a POSIX shell makes the same strings:
 * with quotes where they are needed. Controls stand in it as they are, so that it is not fit to be
 * shown: format_text() makes \xNN of them, which a shell does not take back. */
char *format_arguments(const json_t *arguments);
/* "81.7 KiB" */
char *format_bytes(uint64_t bytes);
/* Of a length of time in microseconds: "142.35 ms" */
char *format_us(uint64_t us);

#endif
