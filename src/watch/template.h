// SPDX-License-Identifier: Apache-2.0
/*
 * The reference that an archive's image gets, from a text with {namespace} {pod} {container} {time}
 * {node} in it. Pure: no I/O.
 *
 * A value is made to fit wherever a reference may have a name: lower-case letters and digits, with
 * single separators inside, shortened where the whole would be too long; "none" for what is not
 * known. {time} is the UTC time of the checkpoint and eight hex digits that stand for the file's
 * name, size and time, so no two archives share it; a template must have it.
 */
#ifndef CKPTOCI_WATCH_TEMPLATE_H
#define CKPTOCI_WATCH_TEMPLATE_H

#include "base/error.h"
#include "watch/archive.h"

/* -1: ERROR_USAGE, what is wrong with it, whatever the archives will be. */
int template_check(const char *template, const char *node, struct error *error);

/* *reference: the caller's, and one that destination_parse() takes. The archive's names and times
 * are known. */
int template_expand(const char *template, const char *node, const struct archive *archive,
                    char **reference, struct error *error);

#endif
