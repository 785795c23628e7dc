// SPDX-License-Identifier: Apache-2.0
/*
 * How requests to a registry are authorised: not at all, by Basic, or by a Bearer token that is
 * fetched when it is needed and again before it expires. Driven by what 401 responses ask for.
 * Owned by the client, of its thread. And how far an authorisation goes when a request is
 * redirected.
 */
#ifndef CKPTOCI_REGISTRY_AUTH_H
#define CKPTOCI_REGISTRY_AUTH_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "http/http.h"
#include "registry/credentials.h"

enum {
    REDIRECTS_MAX = 5,
    AUTH_RENEW_BEFORE_S = 15, /* a token this close to its end is not used any more */
    AUTH_SCOPES_MAX = 16,     /* of one token */
};

struct auth;

/* `domain` is for messages. `scope`: what tokens are asked for, "repository:NAME:pull,push", until
 * a registry wants more; NULL: for no repository. http, credentials and domain are borrowed. */
struct auth *auth_new(struct http *http, const struct credentials *credentials, const char *domain,
                      const char *scope);
/* For what everybody may perhaps read: where a token service does not take our credentials, it is
 * asked without them, after a warning. */
void auth_allow_anonymous(struct auth *auth);
void auth_free(struct auth *auth);
DEFINE_CLEANUP(struct auth *, auth_free);

/* Tokens are also to be good for this from now on, as "repository:OTHER:pull" for a mount. The
 * token at hand is not used any more. Of too many scopes the oldest one added is dropped. */
void auth_add_scope(struct auth *auth, const char *scope);

/* A long request comes, or a late one: a token that has lived half of its time is not used any
 * more. */
void auth_prepare_long(struct auth *auth);

/* Takes in the challenges of the 401 that `http` has just received. 1: the next auth_header() is
 * another one; 2: and of another scope than before, that of the challenge; 0: there is nothing else
 * to try; the response is still there. `of_request`: it answers a request for something in the
 * repository; elsewhere a scope may be a mere example. */
int auth_take_challenges(struct auth *auth, bool of_request);

/* The value for an Authorization header, NULL for none, until the next call. May fetch a token with
 * `http`. -1: the authorisation service cannot be reached or refuses. */
int auth_header(struct auth *auth, const char **header, struct error *error);

/*
 * As http_send(), but goes where a redirect points (RFC 9110, section 15.4): GET and HEAD always,
 * others for 307 and 308, which keep method and body. The authorization stays behind as soon as
 * scheme, host or port change. -1 also: too many redirects, or a spent body that cannot be sent
 * again.
 */
int redirect_send(struct http *http, const struct http_request *request, struct error *error);

#endif
