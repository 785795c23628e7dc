// SPDX-License-Identifier: Apache-2.0
#include "registry/auth.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "http/secret.h"
#include "http/url.h"
#include "registry/answer.h"
#include "registry/challenge.h"

static bool is_redirect(int status, const char *method)
{
    if (status == 307 || status == 308)
        return true;
    return (status == 301 || status == 302 || status == 303) &&
           (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
}

int redirect_send(struct http *http, const struct http_request *request, struct error *error)
{
    struct http_request hop = *request;
    cleanup_free char *url = NULL, *origin = NULL;

    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        int status = http_send(http, &hop, error);
        const char *location = status > 0 ? http_header(http, "Location", 0) : NULL;
        char *next;

        if (!location || !is_redirect(status, request->method))
            return status;
        if (url_resolve(&next, http_url(http), location, error))
            return error_context(error, "follow a redirect");
        free(url);
        hop.url = url = next;
        if (!url_same_origin(http_url(http), url))
            hop.authorization = NULL;
        if (request->body && body_rewind(request->body, error))
            return -1;
    }
    origin = url_origin(request->url);
    return error_set(error, ERROR_FAILED, "%s: more than %d redirects", origin, REDIRECTS_MAX);
}

enum auth_scheme {
    AUTH_NONE,
    AUTH_BASIC,
    AUTH_BEARER,
    AUTH_FIXED, /* a bearer token that was given to us */
};

static const char client_id[] = "ckptoci";

struct auth {
    struct http *http;
    const struct credentials *credentials;
    const char *domain;
    char *scopes[AUTH_SCOPES_MAX];
    size_t scope_count;
    char *more_scope; /* what the registry wants beside; NULL: nothing */

    enum auth_scheme scheme;
    char *basic;   /* secret; NULL without credentials */
    char *fixed;   /* secret; NULL unless there is a token of the user's own */
    char *bearer;  /* secret; NULL while there is no token */
    char *asker;   /* URL whose challenge we answer: realms may be relative to it */
    char *realm;   /* of the token service */
    char *service; /* may be NULL */
    bool may_be_anonymous;
    bool is_anonymous; /* tokens are asked for without credentials */
    int64_t renew_at_s;
    int64_t half_life_at_s; /* too old for a long request */
};

static int64_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now); /* tokens also grow old while we sleep */
    return now.tv_sec;
}

/* An identity token is also a password at services that do not know OAuth2. */
static char *make_basic(const struct credentials *credentials)
{
    const char *username = credentials->username, *password = credentials->password;

    if (!username || (!*username && credentials->identity_token))
        return NULL;
    if (credentials->identity_token && !*password)
        password = credentials->identity_token;
    return secret_basic(username, password);
}

struct auth *auth_new(struct http *http, const struct credentials *credentials, const char *domain,
                      const char *scope)
{
    struct auth *auth = NEW(struct auth);

    auth->http = http;
    auth->credentials = credentials;
    auth->domain = domain;
    auth->basic = make_basic(credentials);
    if (credentials->registry_token)
        auth->fixed = xasprintf("Bearer %s", credentials->registry_token);
    if (scope)
        auth_add_scope(auth, scope);
    return auth;
}

void auth_allow_anonymous(struct auth *auth)
{
    auth->may_be_anonymous = true;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    secret_free(auth->basic);
    secret_free(auth->bearer);
    secret_free(auth->fixed);
    for (size_t i = 0; i < auth->scope_count; i++)
        free(auth->scopes[i]);
    free(auth->more_scope);
    free(auth->asker);
    free(auth->realm);
    free(auth->service);
    free(auth);
}

static bool has_scope(const struct auth *auth, const char *scope)
{
    for (size_t i = 0; i < auth->scope_count; i++)
        if (strcmp(auth->scopes[i], scope) == 0)
            return true;
    return false;
}

void auth_add_scope(struct auth *auth, const char *scope)
{
    if (has_scope(auth, scope))
        return;
    if (auth->scope_count == AUTH_SCOPES_MAX) { /* the first is the one all is about */
        free(auth->scopes[1]);
        memmove(&auth->scopes[1], &auth->scopes[2], (AUTH_SCOPES_MAX - 2) * sizeof(char *));
        auth->scope_count--;
    }
    auth->scopes[auth->scope_count++] = xstrdup(scope);
    secret_free(steal(auth->bearer));
}

void auth_prepare_long(struct auth *auth)
{
    if (auth->bearer && now_s() >= auth->half_life_at_s)
        secret_free(steal(auth->bearer));
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = with ? xstrdup(with) : NULL;
}

static int take_bearer(struct auth *auth, const struct challenge *challenge, bool of_request)
{
    bool wants_more = false;

    /* Our own scope can be too narrow, as it is for a DELETE at distribution, or another one than a
     * registry behind a prefix means. */
    if ((auth->bearer || of_request) && challenge->scope && !has_scope(auth, challenge->scope)) {
        wants_more = !auth->more_scope || strcmp(auth->more_scope, challenge->scope) != 0;
        replace(&auth->more_scope, challenge->scope);
    }
    auth->scheme = AUTH_BEARER;
    secret_free(steal(auth->bearer));
    replace(&auth->asker, http_url(auth->http));
    replace(&auth->realm, challenge->realm);
    replace(&auth->service, challenge->service);
    return wants_more ? 2 : 1;
}

int auth_take_challenges(struct auth *auth, bool of_request)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};
    const struct challenge *bearer;
    const char *header;

    for (size_t i = 0; (header = http_header(auth->http, "WWW-Authenticate", i)); i++)
        challenge_parse(&list, header); /* a malformed one may stand beside a good one */
    if (auth->fixed) {
        if (auth->scheme == AUTH_FIXED)
            return 0;
        auth->scheme = AUTH_FIXED;
        return 1;
    }
    bearer = challenge_find(&list, "Bearer");
    if (bearer && bearer->realm && *bearer->realm)
        return take_bearer(auth, bearer, of_request);
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
        add_query(url, "service", auth->service, error))
        return -1;
    for (size_t i = 0; i < auth->scope_count; i++)
        if (add_query(url, "scope", auth->scopes[i], error))
            return -1;
    return add_query(url, "scope", auth->more_scope, error);
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

static int take_token(struct auth *auth, int64_t asked_at_s, struct error *error)
{
    cleanup(secret_freep) char *token = NULL;
    int lifetime_s, result;
    size_t len;
    const char *answer = http_answer(auth->http, &len);

    result = token_parse(&token, &lifetime_s, answer, len, error);
    http_clear_answer(auth->http);
    if (result)
        return -1;
    auth->bearer = xasprintf("Bearer %s", token);
    auth->renew_at_s = asked_at_s + lifetime_s - AUTH_RENEW_BEFORE_S;
    auth->half_life_at_s = asked_at_s + lifetime_s / 2;
    return 0;
}

static int ask_with_get(struct auth *auth, struct error *error)
{
    cleanup_free char *url = NULL;
    struct http_request request = {.method = "GET",
                                   .accept = "application/json",
                                   .authorization = auth->is_anonymous ? NULL : auth->basic,
                                   .answer_max_bytes = TOKEN_ANSWER_MAX_BYTES};
    int64_t asked_at_s = now_s();
    int status;

    if (token_url(auth, &url, error))
        return -1;
    request.url = url;
    status = redirect_send(auth->http, &request, error);
    if (status < 0)
        return -1;
    return status == 200 ? take_token(auth, asked_at_s, error) : refuse(auth, status, error);
}

/* Takes the old form, which may hold a secret. A NULL value adds nothing. */
static void add_field(char **form, const char *name, const char *value)
{
    cleanup(secret_freep) char *encoded = value ? url_encode(value) : NULL;
    char *longer;

    if (!value)
        return;
    longer = xasprintf("%s&%s=%s", *form, name, encoded);
    secret_free(*form);
    *form = longer;
}

static char *make_form(const struct auth *auth)
{
    cleanup_free char *scopes = xstrdup(auth->more_scope ? auth->more_scope : "");
    char *form = xstrdup("grant_type=refresh_token");

    for (size_t i = auth->scope_count; i-- > 0;) {
        char *longer = xasprintf("%s%s%s", auth->scopes[i], *scopes ? " " : "", scopes);

        free(scopes);
        scopes = longer;
    }
    add_field(&form, "service", auth->service);
    add_field(&form, "client_id", client_id);
    add_field(&form, "scope", *scopes ? scopes : NULL);
    add_field(&form, "refresh_token", auth->credentials->identity_token);
    return form;
}

/* Services that do not know OAuth2 say so in these ways. */
static bool may_know_get_only(int status)
{
    return status == 404 || status == 401 || status == 400 || status == 405;
}

/* OAuth2 with the identity token (RFC 6749, section 6). 1: there is a token; 0: try it with GET.
 * Redirects are not followed: the body is as good as a password. */
static int ask_with_post(struct auth *auth, struct error *error)
{
    cleanup_free char *url = NULL;
    cleanup(secret_freep) char *form = make_form(auth);
    struct http_request request = {.method = "POST",
                                   .accept = "application/json",
                                   .content_type = "application/x-www-form-urlencoded",
                                   .data = form,
                                   .data_len = strlen(form),
                                   .answer_max_bytes = TOKEN_ANSWER_MAX_BYTES};
    int64_t asked_at_s = now_s();
    int status;

    if (url_resolve(&url, auth->asker, auth->realm, error))
        return -1;
    request.url = url;
    status = http_send(auth->http, &request, error);
    if (status < 0)
        return -1;
    if (status == 200)
        return take_token(auth, asked_at_s, error) ? -1 : 1;
    return auth->basic && may_know_get_only(status) ? 0 : refuse(auth, status, error);
}

static int ask_service(struct auth *auth, struct error *error)
{
    bool has_token = auth->credentials->identity_token && !auth->is_anonymous;
    int done = has_token ? ask_with_post(auth, error) : 0;

    if (done == 0)
        return ask_with_get(auth, error);
    return done < 0 ? -1 : 0;
}

/* Whether the token service has refused more than what we need ourselves; that is asked for next.
 */
static bool may_do_with_less(struct auth *auth, const struct error *error)
{
    if (!auth->more_scope || error->http_status / 100 != 4 || error->http_status == 429)
        return false;
    free(steal(auth->more_scope));
    return true;
}

/* Whether what we want to read may be for everybody, although our credentials were refused: those
 * for all registries of a copy may be meant for another one. */
static bool may_do_without(struct auth *auth, const struct error *error)
{
    static atomic_bool told; /* each worker of a copy comes by here */

    if (!auth->may_be_anonymous || auth->is_anonymous || error->http_status != 401 ||
        (!auth->basic && !auth->credentials->identity_token))
        return false;
    auth->is_anonymous = true;
    if (!atomic_exchange(&told, true))
        log_warning("%s does not take the credentials from %s: trying without", auth->domain,
                    auth->credentials->origin ? auth->credentials->origin : "the user");
    return true;
}

/* Once more with less, as often as there is less to ask for. */
static int ask_until_given(struct auth *auth, struct error *error)
{
    while (ask_service(auth, error))
        if (!may_do_without(auth, error) && !may_do_with_less(auth, error))
            return -1;
    return 0;
}

static int fetch_token(struct auth *auth, struct error *error)
{
    cleanup_free char *url = NULL, *origin = NULL;

    secret_free(steal(auth->bearer));
    if (url_resolve(&url, auth->asker, auth->realm, error))
        return error_context(error, "the address of the registry's token service");
    if (ask_until_given(auth, error)) {
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
              : auth->scheme == AUTH_FIXED ? auth->fixed
              : auth->scheme == AUTH_BASIC ? auth->basic
                                           : NULL;
    return 0;
}
