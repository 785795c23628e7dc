// SPDX-License-Identifier: Apache-2.0
/*
 * What the answers of a registry say: why it refuses (distribution-spec, "Error Codes"), and what
 * part of a blob they are about. Pure.
 */
#ifndef CKPTOCI_REGISTRY_ANSWER_H
#define CKPTOCI_REGISTRY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Fills in an error: "403 Forbidden: DENIED: requested access to the resource is denied". Behind
 * the status come the first errors of a JSON answer, a web page's title, or the start of plain
 * text. ERROR_UNAUTHORIZED for 401 and 403, else ERROR_FAILED. Always -1.
 */
int refusal_set(struct error *error, int status, const char *body, size_t len);

/* Whether one of the errors in a JSON answer has that code. */
bool refusal_has_code(const char *body, size_t len, const char *code);

/* Content-Range (RFC 9110, section 14.4). -1: the header (NULL: there is none) is not for the bytes
 * from `start` on of `size`. An unknown size, "*", is fine. */
int content_range_check(const char *header, uint64_t start, uint64_t size, struct error *error);

/* Range, of an upload that is going on (distribution-spec, "Pushing a blob in chunks"): the number
 * of the last byte that the registry has, in "0-1023", some with "bytes=" in front. -1: the header
 * (NULL: there is none) does not say. */
int64_t content_range_kept(const char *header);

#endif
