// SPDX-License-Identifier: Apache-2.0
/* What a registry says when it refuses (distribution-spec, "Error Codes"), for people. Pure. */
#ifndef CKPTOCI_REGISTRY_REFUSAL_H
#define CKPTOCI_REGISTRY_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Fills in an error: "403 Forbidden: DENIED: requested access to the resource is denied". Behind
 * the status come the first errors of a JSON answer, a web page's title, or the start of plain
 * text. ERROR_UNAUTHORIZED for 401 and 403, else ERROR_FAILED. Always -1.
 */
int refusal_set(struct error *error, int status, const char *body, size_t len);

/* Whether one of the errors in a JSON answer has that code. */
bool refusal_has_code(const char *body, size_t len, const char *code);

#endif
