// SPDX-License-Identifier: Apache-2.0
#include "registry/auth.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "registry/challenge.h"
#include "registry/redirect.h"
#include "registry/refusal.h"
#include "registry/secret.h"
#include "registry/token.h"
#include "registry/url.h"

enum auth_scheme { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct auth {
    struct http *http;
    const struct credentials *credentials;
    const char *domain;
    char *scope;
    char *more_scope; /* what the registry wants beside; NULL: nothing */

    enum auth_scheme scheme;
    char *basic;   /* secret; NULL without credentials */
    char *bearer;  /* secret; NULL while there is no token */
    char *asker;   /* URL whose challenge we answer: realms may be relative to it */
    char *realm;   /* of the token service */
    char *service; /* may be NULL */
    int64_t renew_at_s;
};

static int64_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now); /* tokens also grow old while we sleep */
    return now.tv_sec;
}

struct auth *auth_new(struct http *http, const struct credentials *credentials, const char *domain,
                      const char *scope)
{
    struct auth *auth = NEW(struct auth);

    auth->http = http;
    auth->credentials = credentials;
    auth->domain = domain;
    auth->scope = xstrdup(scope);
    if (credentials->username)
        auth->basic = secret_basic(credentials->username, credentials->password);
    return auth;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    secret_free(auth->basic);
    secret_free(auth->bearer);
    free(auth->scope);
    free(auth->more_scope);
    free(auth->asker);
    free(auth->realm);
    free(auth->service);
    free(auth);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = with ? xstrdup(with) : NULL;
}

static int take_bearer(struct auth *auth, const struct challenge *challenge)
{
    /* Only a token that was refused shows that our scope is too narrow, as it is for a DELETE at
     * distribution: the scope in a first challenge may be a mere example. */
    if (auth->bearer && challenge->scope && strcmp(challenge->scope, auth->scope) != 0)
        replace(&auth->more_scope, challenge->scope);
    auth->scheme = AUTH_BEARER;
    secret_free(steal(auth->bearer));
    replace(&auth->asker, http_url(auth->http));
    replace(&auth->realm, challenge->realm);
    replace(&auth->service, challenge->service);
    return 1;
}

int auth_take_challenges(struct auth *auth)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};
    const struct challenge *bearer;
    const char *header;

    for (size_t i = 0; (header = http_header(auth->http, "WWW-Authenticate", i)); i++)
        challenge_parse(&list, header); /* a malformed one may stand beside a good one */
    bearer = challenge_find(&list, "Bearer");
    if (bearer && bearer->realm && *bearer->realm)
        return take_bearer(auth, bearer);
    if (!challenge_find(&list, "Basic") || !auth->basic || auth->scheme == AUTH_BASIC)
        return 0;
    auth->scheme = AUTH_BASIC;
    return 1;
}

/* Takes the old URL. A NULL value adds nothing. */
static int add_query(char **url, const char *name, const char *value, struct error *error)
{
    char *longer;

    if (!value)
        return 0;
    if (url_add_query(&longer, *url, name, value, error))
        return -1;
    free(*url);
    *url = longer;
    return 0;
}

static int token_url(const struct auth *auth, char **url, struct error *error)
{
    if (url_resolve(url, auth->asker, auth->realm, error) ||
        add_query(url, "service", auth->service, error) ||
        add_query(url, "scope", auth->scope, error) ||
        add_query(url, "scope", auth->more_scope, error))
        return -1;
    return 0;
}

static int refuse(const struct auth *auth, int status, struct error *error)
{
    size_t len;
    const char *answer = http_answer(auth->http, &len);

    refusal_set(error, status, answer, len);
    if (error->kind == ERROR_UNAUTHORIZED)
        credentials_advise(auth->credentials, auth->domain, error);
    return -1;
}

static int ask_service(struct auth *auth, const char *url, struct error *error)
{
    const struct http_request request = {.method = "GET",
                                         .url = url,
                                         .accept = "application/json",
                                         .authorization = auth->basic,
                                         .answer_max_bytes = TOKEN_ANSWER_MAX_BYTES};
    cleanup(secret_freep) char *token = NULL;
    int64_t asked_at = now_s();
    int lifetime_s, status = redirect_send(auth->http, &request, error);
    const char *answer;
    size_t len;

    if (status < 0)
        return -1;
    if (status != 200)
        return refuse(auth, status, error);
    answer = http_answer(auth->http, &len);
    if (token_parse(&token, &lifetime_s, answer, len, error))
        return -1;
    http_clear_answer(auth->http);
    auth->bearer = xasprintf("Bearer %s", token);
    auth->renew_at_s = asked_at + lifetime_s - AUTH_RENEW_BEFORE_S;
    return 0;
}

static int fetch_token(struct auth *auth, struct error *error)
{
    cleanup_free char *url = NULL, *origin = NULL;

    secret_free(steal(auth->bearer));
    if (token_url(auth, &url, error))
        return error_context(error, "the address of the registry's token service");
    if (ask_service(auth, url, error)) {
        origin = url_origin(url);
        return error_context(error, "get a token from %s", origin);
    }
    return 0;
}

int auth_header(struct auth *auth, const char **header, struct error *error)
{
    if (auth->scheme == AUTH_BEARER && (!auth->bearer || now_s() >= auth->renew_at_s) &&
        fetch_token(auth, error))
        return -1;
    *header = auth->scheme == AUTH_BEARER  ? auth->bearer
              : auth->scheme == AUTH_BASIC ? auth->basic
                                           : NULL;
    return 0;
}
