// SPDX-License-Identifier: Apache-2.0
/*
 * Who we are at a registry, from the options, from the files that docker, podman and kubectl write,
 * or from a credential helper. Owned by the client; read once, before its first request.
 */
#ifndef CKPTOCI_REGISTRY_CREDENTIALS_H
#define CKPTOCI_REGISTRY_CREDENTIALS_H

#include <stdbool.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "oci/reference.h"
#include "registry/registry.h"

/* All NULL: there are none, and requests stay anonymous. */
struct credentials {
    char *username;
    char *password;       /* secret; not NULL where there is a user name */
    char *identity_token; /* secret; a refresh token: token services give others for it (OAuth2) */
    char *registry_token; /* secret; a bearer token for the registry itself */
    char *origin;         /* where they are from, for messages: "--creds" or a path; NULL: login */
};

/*
 * Options first, then $DOCKER_AUTH_CONFIG, then the usual files, in the order of
 * containers-auth.json(5), the first one with an entry or with a credential helper that has one.
 * None found is no error. -1: an option is wrong, a file that was named is not there, or any file
 * that is there cannot be read or understood, or a helper fails; *credentials is then unchanged.
 * `cancel` ends the wait for helpers; it may be NULL.
 */
int credentials_find(struct credentials *credentials, const struct reference *reference,
                     const struct registry_options *options, struct cancel *cancel,
                     struct error *error);
void credentials_done(struct credentials *credentials);

/* Where the usual files begin, and login writes: $XDG_RUNTIME_DIR/containers/auth.json, else
 * /run/containers/UID/auth.json. free() it. */
char *credentials_primary_file(void);

/* Advice behind an error of a registry that does not let us in: what was tried and what to do. */
int credentials_advise(const struct credentials *credentials, const char *domain,
                       struct error *error);

/*
 * Programs that keep credentials, docker-credential-NAME, by the protocol of
 * docker-credential-helpers: a request on standard input, the answer on standard output. No secret
 * is on a command line or in the environment. Any thread; `cancel` may be NULL.
 */
enum {
    CREDENTIAL_HELPER_TIMEOUT_S = 120, /* it may have to ask the user to unlock something */
    CREDENTIAL_HELPER_MAX_BYTES = 256 << 10,
    CREDENTIAL_HELPER_NAME_MAX_LEN = 64,
};

/* What the helper has for `server`; the origin is the helper's name. 1: found; 0: it has none, or
 * it is not installed, of which the first one is told in a warning; -1: it fails or answers
 * nonsense, and *credentials is unchanged. */
int credential_helper_get(struct credentials *credentials, const char *name, const char *server,
                          struct cancel *cancel, struct error *error);
int credential_helper_store(const char *name, const char *server, const char *username,
                            const char *password, struct cancel *cancel, struct error *error);
/* 1: erased; 0: there was nothing. */
int credential_helper_erase(const char *name, const char *server, struct cancel *cancel,
                            struct error *error);

#endif
