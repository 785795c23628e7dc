// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that keep credentials, docker-credential-NAME, by the protocol of
 * docker-credential-helpers: a request on standard input, the answer on standard output. No secret
 * is on a command line or in the environment. Any thread; `cancel` may be NULL.
 */
#ifndef CKPTOCI_REGISTRY_CREDENTIAL_HELPER_H
#define CKPTOCI_REGISTRY_CREDENTIAL_HELPER_H

#include "base/cancel.h"
#include "base/error.h"
#include "registry/credentials.h"

enum {
    CREDENTIAL_HELPER_TIMEOUT_S = 120, /* it may have to ask the user to unlock something */
    CREDENTIAL_HELPER_MAX_BYTES = 256 << 10,
    CREDENTIAL_HELPER_NAME_MAX_LEN = 64,
};

/* What the helper has for `server`; the origin is the helper's name. 1: found; 0: it has none; -1:
 * it is not there, fails or answers nonsense, and *credentials is unchanged. */
int credential_helper_get(struct credentials *credentials, const char *name, const char *server,
                          struct cancel *cancel, struct error *error);
int credential_helper_store(const char *name, const char *server, const char *username,
                            const char *password, struct cancel *cancel, struct error *error);
/* 1: erased; 0: there was nothing. */
int credential_helper_erase(const char *name, const char *server, struct cancel *cancel,
                            struct error *error);

#endif
