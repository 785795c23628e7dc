// SPDX-License-Identifier: Apache-2.0
/*
 * What a registry's WWW-Authenticate header asks for (RFC 9110, section 11.6.1), and what its token
 * service then gives (distribution's token authentication specification). Pure.
 */
#ifndef CKPTOCI_REGISTRY_CHALLENGE_H
#define CKPTOCI_REGISTRY_CHALLENGE_H

#include <stddef.h>

#include "base/error.h"

enum { CHALLENGES_MAX = 16 }; /* of one response; further ones are passed over */

/* A scheme and those of its parameters that matter here; NULL where not given. */
struct challenge {
    char *scheme; /* as sent; compare without regard to case */
    char *realm;
    char *service;
    char *scope;
};

struct challenge_list {
    struct challenge items[CHALLENGES_MAX];
    size_t count;
};

/* Adds the challenges of one header value; a response may have several headers. -1: malformed, the
 * list is then unchanged. */
int challenge_parse(struct challenge_list *list, const char *header);
void challenge_list_done(struct challenge_list *list);
/* The first one of that scheme, or NULL. */
const struct challenge *challenge_find(const struct challenge_list *list, const char *scheme);

enum {
    TOKEN_ANSWER_MAX_BYTES = 1 << 20,
    TOKEN_DEFAULT_LIFETIME_S = 60,
    TOKEN_MAX_LIFETIME_S = 24 * 3600,
};

/* From the answer of a token service: the token, secret_free() it, and how many seconds it is good
 * for, counted from its request. -1: the answer has no token. */
int token_parse(char **token, int *lifetime_s, const char *answer, size_t len, struct error *error);

#endif
