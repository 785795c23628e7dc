// SPDX-License-Identifier: Apache-2.0
#include "registry/client.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"
#include "registry/answer.h"
#include "registry/auth.h"
#include "registry/credentials.h"
#include "registry/registries-conf.h"
#include "registry/tls-files.h"

static const struct http_advice advice = {
    .plain_http = "the registry names a place without TLS, which only --tls-verify=false allows",
    .untrusted = "give the registry's CA certificate with --cert-dir DIRECTORY, or do without "
                 "verification with --tls-verify=false",
    .handshake =
        "if the registry speaks plain http, allow that with --tls-verify=false; if it wants "
        "a client certificate, give one with --cert-dir DIRECTORY",
    .files = "check the files in --cert-dir or certs.d, and those that $SSL_CERT_FILE and the like "
             "name",
    .stalled = "check the network and the registry, or be more patient with --stall-timeout",
};

struct client {
    const struct reference *reference;
    const struct registry_options *options;
    struct cancel *cancel;
    struct credentials credentials;
    struct tls_settings tls;
    struct http *http;
    struct auth *auth;
    char *base;   /* "SCHEME://HOST" */
    bool reached; /* it has answered before: it is there */
    bool asked_for_credentials;
    const char *method; /* of the last request, for messages */
    unsigned tries;     /* of the last request */
    char *warnings[WARNINGS_MAX];
    size_t warning_count;
};

void client_free(struct client *client)
{
    if (!client)
        return;
    auth_free(client->auth);
    http_free(client->http);
    credentials_done(&client->credentials);
    tls_settings_done(&client->tls);
    for (size_t i = 0; i < client->warning_count; i++)
        free(client->warnings[i]);
    free(client->base);
    free(client);
}

/* What a Warning header like 299 - "text" has to say (distribution-spec, "Warnings"); NULL: it is
 * of another kind. free() it. */
static char *warning_text(const char *header)
{
    static const char start[] = "299 - \"";
    cleanup_free char *text = xcalloc(strlen(header) + 1, 1);
    size_t len = 0;

    if (strncmp(header, start, sizeof start - 1) != 0)
        return NULL;
    for (const char *c = header + sizeof start - 1; *c && *c != '"'; c++) {
        if (*c == '\\' && c[1])
            c++;
        text[len++] = *c;
    }
    return steal(text);
}

static void warn_once(struct client *client, const char *text)
{
    for (size_t i = 0; i < client->warning_count; i++)
        if (strcmp(client->warnings[i], text) == 0)
            return;
    if (client->warning_count == WARNINGS_MAX)
        return;
    client->warnings[client->warning_count++] = xstrdup(text);
    log_warning("%s says: %s", client->reference->domain, text);
}

static void pass_on_warnings(struct client *client)
{
    const char *header;

    for (size_t i = 0; (header = http_header(client->http, "Warning", i)); i++) {
        cleanup_free char *text = warning_text(header);

        if (text)
            warn_once(client, text);
    }
}

char *client_url(const struct client *client, const char *format, ...)
{
    cleanup_free char *rest = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&rest, format, args);
    va_end(args);
    if (len < 0)
        abort();
    return xasprintf("%s/v2/%s/%s", client->base, client->reference->path, rest);
}

struct http *client_http(struct client *client)
{
    return client->http;
}

static int send_authorized(struct client *client, struct http_request *request, struct error *error)
{
    int status;

    request->authorization = NULL;
    if (request->body || strcmp(request->method, "PUT") == 0)
        auth_prepare_long(client->auth);
    if (url_same_origin(request->url, client->base) &&
        auth_header(client->auth, &request->authorization, error))
        return -1;
    status = redirect_send(client->http, request, error);
    request->authorization = NULL;
    if (status > 0)
        pass_on_warnings(client);
    return status;
}

/* With the authorisation we have, and again with the one that a 401 asks for; a token that was
 * refused because of its scope makes it three times. */
static int send_once(struct client *client, struct http_request *request, struct error *error)
{
    int status = send_authorized(client, request, error), taken;

    for (int i = 0; i < 2; i++) {
        if (status != 401 || !url_same_origin(http_url(client->http), client->base))
            break;
        taken = auth_take_challenges(client->auth, true);
        if (taken == 0 || (i > 0 && taken < 2) || (request->body && request->body->taken > 0))
            break;
        status = send_authorized(client, request, error);
    }
    return status;
}

/* What registries and proxies answer when they are busy or half down. */
static bool is_passing(int status)
{
    static const int passing[] = {408, 429, 499, 500, 502, 503, 504, 522};

    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (status == passing[i])
            return true;
    return false;
}

bool client_may_retry(const struct client *client, int status, const struct error *error)
{
    if (status >= 0)
        return is_passing(status);
    if (error->http_status) /* of the token service */
        return is_passing(error->http_status);
    switch (http_failure(client->http)) {
    case HTTP_FAILURE_BROKEN:
    case HTTP_FAILURE_REFUSED: /* it may be about to start */
        return true;
    case HTTP_FAILURE_UNREACHABLE:
    case HTTP_FAILURE_NO_TLS: /* at first contact, more likely a wrong address */
        return client->reached;
    case HTTP_FAILURE_NONE:
    case HTTP_FAILURE_OTHER:
        break;
    }
    return false;
}

static int add_tries(unsigned tries, struct error *error)
{
    return tries > 1 ? error_advice(error, "given up after %u tries", tries) : -1;
}

/* No longer than is sensible, and not without a word. */
static int64_t asked_ms(const struct client *client)
{
    int64_t ms = http_retry_after_ms(client->http);

    if (ms > BACKOFF_ASKED_MAX_MS)
        log_warning("%s asks to be left alone for %lld s: it is asked again after %d s",
                    client->reference->domain, (long long)(ms / 1000), BACKOFF_ASKED_MAX_MS / 1000);
    return ms;
}

int client_plan_retry(struct client *client, unsigned failures, int64_t *delay_ms,
                      struct error *error)
{
    const struct backoff *retry = &client->options->retry;
    cleanup_free char *what =
        xasprintf("%s%s%s", client->reference->domain, client->reference->path ? "/" : "",
                  client->reference->path ? client->reference->path : "");
    /* An old connection that ends under a request says nothing of the registry. */
    bool is_stale = failures == 1 && http_failure(client->http) == HTTP_FAILURE_BROKEN &&
                    http_was_kept(client->http);
    unsigned tries = retry->times + 1;

    if (failures >= tries && !is_stale)
        return add_tries(failures, error);
    if (tries <= failures)
        tries = failures + 1;
    *delay_ms = is_stale ? 0 : backoff_next_ms(retry, failures, asked_ms(client));
    log_retry(what, error, *delay_ms, failures + 1, tries);
    return 0;
}

int client_wait(struct client *client, unsigned failures, struct error *error)
{
    int64_t delay_ms = 0;

    if (client_plan_retry(client, failures, &delay_ms, error))
        return -1;
    return backoff_wait(delay_ms, client->cancel, error);
}

const struct registry_options *client_options(const struct client *client)
{
    return client->options;
}

static int explain_refusal(struct client *client, int status, struct error *error)
{
    size_t len;
    const char *answer = http_answer(client->http, &len);

    refusal_set(error, status, answer, len);
    if (client->method)
        error_context(error, "the registry answered %s with", client->method);
    return -1;
}

static int wait_to_send_again(struct client *client, int status, struct error *error)
{
    struct error reason = *error;

    if (status > 0)
        explain_refusal(client, status, &reason);
    if (client_wait(client, client->tries, &reason) == 0)
        return 0;
    *error = reason;
    return -1;
}

int client_send(struct client *client, struct http_request *request, struct error *error)
{
    bool once = request->once || request->body || request->receiver;
    int status;

    client->method = request->method;
    for (client->tries = 1;; client->tries++) {
        status = send_once(client, request, error);
        if (status < 0 && error->kind == ERROR_NETWORK)
            error_context(error, "no answer to %s", client->method);
        if (once || client->tries > client->options->retry.times ||
            !client_may_retry(client, status, error))
            break;
        if (wait_to_send_again(client, status, error))
            return -1;
    }
    if (status < 0 && error->kind == ERROR_NETWORK)
        add_tries(client->tries, error);
    return status;
}

int client_refused(struct client *client, int status, struct error *error)
{
    explain_refusal(client, status, error);
    if (is_passing(status))
        add_tries(client->tries, error);
    if (error->kind == ERROR_UNAUTHORIZED)
        credentials_advise(&client->credentials, client->reference->domain, error);
    return -1;
}

bool client_got_page(struct client *client)
{
    static const char html[] = "text/html";
    const char *type = http_header(client->http, "Content-Type", 0);

    return type && strncasecmp(type, html, sizeof html - 1) == 0;
}

int client_refuse_page(const struct client *client, const char *wanted, struct error *error)
{
    cleanup_free char *origin = url_origin(http_url(client->http));

    error_set(error, ERROR_FAILED, "%s gives a web page and no %s", origin, wanted);
    return error_advice(error, "is it a registry, and does a login or a proxy stand before it?");
}

int client_location(struct client *client, char **location, struct error *error)
{
    const char *header = http_header(client->http, "Location", 0);

    if (!header)
        return error_set(error, ERROR_FAILED, "the answer has no Location header");
    if (url_resolve(location, http_url(client->http), header, error))
        return error_context(error, "Location header");
    return 0;
}

int client_check_digest(struct client *client, const struct digest *digest, struct error *error)
{
    const char *header = http_header(client->http, "Docker-Content-Digest", 0);
    struct digest theirs;

    if (!header || digest_parse(&theirs, header) || digest_equal(&theirs, digest))
        return 0;
    return error_set(error, ERROR_FAILED, "the registry stored %s instead of %s", theirs.text,
                     digest->text);
}

/* Whether a registry answers here. */
static int ping(struct client *client, const char *scheme, struct error *error)
{
    cleanup_free char *url = NULL;
    struct http_request request = {.method = "GET"};
    int status;

    free(client->base);
    client->base = xasprintf("%s://%s", scheme, client->reference->host);
    request.url = url = xasprintf("%s/v2/", client->base);
    status = redirect_send(client->http, &request, error);
    if (status < 0)
        return -1;
    pass_on_warnings(client);
    client->asked_for_credentials = status == 401;
    if (status == 401 && url_same_origin(http_url(client->http), client->base))
        auth_take_challenges(client->auth, false); /* if it is of no help, the first upload fails */
    else if (status / 100 != 2) {
        client_refused(client, status, error);
        error_context(error, "GET /v2/");
        return status == 404 ? error_advice(error, "is %s a registry?", client->base) : -1;
    }
    return 0;
}

static bool is_connection_failure(const struct http *http)
{
    enum http_failure failure = http_failure(http);

    return failure == HTTP_FAILURE_UNREACHABLE || failure == HTTP_FAILURE_REFUSED ||
           failure == HTTP_FAILURE_NO_TLS || failure == HTTP_FAILURE_BROKEN;
}

bool client_is_in_clear(const struct client *client)
{
    static const char loopback[] =
        "^http://(localhost|127\\.[0-9]+\\.[0-9]+\\.[0-9]+|\\[::1\\])(:[0-9]+)?$";

    return strncmp(client->base, "http://", 7) == 0 && !pattern_matches(loopback, client->base);
}

static int find_scheme(struct client *client, bool tls_verify, struct error *error)
{
    struct error plain_error = {0};

    if (ping(client, "https", error) == 0)
        return 0;
    if (tls_verify || !is_connection_failure(client->http))
        return -1;
    if (ping(client, "http", &plain_error) == 0)
        return 0;
    if (!is_connection_failure(client->http))
        *error = plain_error;
    else
        error_advice(error, "and without TLS %s", plain_error.text);
    return -1;
}

/* As often as a request is tried that follows. */
static int make_contact(struct client *client, bool tls_verify, struct error *error)
{
    for (unsigned failures = 1; find_scheme(client, tls_verify, error); failures++) {
        if (!client_may_retry(client, -1, error) || client_wait(client, failures, error))
            return -1;
    }
    client->reached = true;
    return 0;
}

/* Whether TLS is to be verified; -1: we are not to talk to that registry at all. */
static int apply_registries_conf(bool *tls_verify, const struct reference *reference,
                                 const struct registry_options *options, struct error *error)
{
    cleanup(registries_rule_done) struct registries_rule rule = {0};
    cleanup_free char *name =
        reference->path ? reference_format(reference) : xstrdup(reference->domain);

    if (registries_conf_find(&rule, name, error))
        return -1;
    if (rule.blocked) {
        error_set(error, ERROR_USAGE, "%s is blocked: %s says so for \"%s\"", name, rule.file,
                  rule.prefix);
        return error_advice(error, "use another registry, or have that file changed");
    }
    *tls_verify = options->tls_verify && (options->tls_verify_given || !rule.insecure);
    return 0;
}

int client_open(struct client **result, const struct reference *reference,
                enum client_access access, const struct registry_options *options,
                struct cancel *cancel, struct error *error)
{
    cleanup(client_freep) struct client *client = NEW(struct client);
    cleanup_free char *scope = reference->path
                                   ? xasprintf("repository:%s:%s", reference->path,
                                               access == CLIENT_PUSH ? "pull,push" : "pull")
                                   : NULL;
    struct http_options http_options = {.tls = &client->tls,
                                        .advice = &advice,
                                        .cancel = cancel,
                                        .stall_timeout_ms = options->stall_timeout_ms};

    client->reference = reference;
    client->options = options;
    client->cancel = cancel;
    tls_settings_init(&client->tls);
    if (apply_registries_conf(&http_options.tls_verify, reference, options, error) ||
        credentials_find(&client->credentials, reference, options, cancel, error) ||
        tls_files_find(&client->tls, options->cert_dir, reference->domain, error) ||
        http_new(&client->http, &http_options, error))
        return -1;
    client->auth = auth_new(client->http, &client->credentials, reference->domain, scope);
    if (access == CLIENT_PULL && options->creds_shared)
        auth_allow_anonymous(client->auth);
    if (make_contact(client, http_options.tls_verify, error))
        return -1;
    *result = steal(client);
    return 0;
}

int client_check_access(struct client *client, struct error *error)
{
    cleanup_free char *url = xasprintf("%s/v2/", client->base);
    struct http_request request = {.method = "GET", .url = url};
    int status = client_send(client, &request, error);

    if (status < 0)
        return -1;
    if (status / 100 != 2)
        return client_refused(client, status, error);
    /* Some registries say "true" with this type. */
    return client_got_page(client) && *http_answer(client->http, NULL) == '<'
               ? client_refuse_page(client, "answer of a registry", error)
               : 0;
}

bool client_asked_for_credentials(const struct client *client)
{
    return client->asked_for_credentials;
}
