// SPDX-License-Identifier: Apache-2.0
/* The answer of an authorisation service (distribution's token authentication specification). Pure.
 */
#ifndef CKPTOCI_REGISTRY_TOKEN_H
#define CKPTOCI_REGISTRY_TOKEN_H

#include <stddef.h>

#include "base/error.h"

enum {
    TOKEN_ANSWER_MAX_BYTES = 1 << 20,
    TOKEN_DEFAULT_LIFETIME_S = 60,
    TOKEN_MAX_LIFETIME_S = 24 * 3600,
};

/* Takes the token, secret_free() it, and for how long from its request on it is good, in seconds.
 * -1: the answer has no token. */
int token_parse(char **token, int *lifetime_s, const char *answer, size_t len, struct error *error);

#endif
