// SPDX-License-Identifier: Apache-2.0
#include "registry/credential-helper.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/child.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/secret.h"

enum { REASON_MAX_LEN = 200 };

static const char name_grammar[] = "^[A-Za-z0-9][A-Za-z0-9._-]*$";
/* The user name that says that the secret is an identity token. */
static const char token_user[] = "<token>";

struct answer {
    struct buffer text; /* secret */
    int exit_status;
};

static void answer_done(struct answer *answer)
{
    secret_clear(&answer->text);
    buffer_done(&answer->text);
}

/* A file must not make us run something that is not meant to be a credential helper. */
static bool is_name(const char *name)
{
    return strlen(name) <= CREDENTIAL_HELPER_NAME_MAX_LEN && pattern_matches(name_grammar, name);
}

static int ask(struct answer *answer, const char *name, const char *action, const char *input,
               struct cancel *cancel, struct error *error)
{
    cleanup_free char *program = xasprintf("docker-credential-%s", name);
    cleanup_free char *argument = xstrdup(action);
    char *const argv[] = {program, argument, NULL};
    const struct child_options options = {.argv = argv,
                                          .input = input,
                                          .input_len = strlen(input),
                                          .timeout_ms = CREDENTIAL_HELPER_TIMEOUT_S * 1000,
                                          .cancel = cancel};

    if (!is_name(name))
        return error_set(error, ERROR_FAILED, "\"%s\" cannot be the name of a credential helper",
                         name);
    buffer_init(&answer->text, CREDENTIAL_HELPER_MAX_BYTES);
    if (child_run(&options, &answer->text, &answer->exit_status, error)) {
        if (error->kind == ERROR_INTERRUPTED)
            return -1;
        return error_advice(error, "install or repair that credential helper, or take its name "
                                   "out of the file");
    }
    return 0;
}

static const char *text_of(const struct answer *answer)
{
    return answer->text.data ? answer->text.data : "";
}

/* By the protocol this comes on standard output, with a non-zero exit status. */
static bool is_not_found(const struct answer *answer)
{
    return answer->exit_status != 0 && strstr(text_of(answer), "credentials not found");
}

static int refuse(const struct answer *answer, const char *name, const char *action,
                  struct error *error)
{
    const char *reason = text_of(answer);
    size_t len = strcspn(reason, "\r\n");

    return error_set(error, ERROR_FAILED,
                     "docker-credential-%s %s failed with exit status %d%s%.*s", name, action,
                     answer->exit_status, len ? ": " : "",
                     (int)(len < REASON_MAX_LEN ? len : REASON_MAX_LEN), reason);
}

/* 1: taken; 0: the answer has no credentials in it. */
static int take(struct credentials *credentials, const char *name, const struct answer *answer,
                struct error *error)
{
    cleanup(secret_json_freep) json_t *json =
        json_loadb(text_of(answer), answer->text.len, 0, NULL);
    const char *username = json_get_text(json, "Username");
    const char *secret = json_get_text(json, "Secret");

    if (!username || !secret)
        return error_set(error, ERROR_FAILED,
                         "docker-credential-%s get: the answer is no JSON object with Username and "
                         "Secret",
                         name);
    if (!*secret)
        return 0;
    if (strcmp(username, token_user) == 0) {
        credentials->identity_token = xstrdup(secret);
    } else {
        credentials->username = xstrdup(username);
        credentials->password = xstrdup(secret);
    }
    credentials->origin = xasprintf("docker-credential-%s", name);
    return 1;
}

int credential_helper_get(struct credentials *credentials, const char *name, const char *server,
                          struct cancel *cancel, struct error *error)
{
    cleanup(answer_done) struct answer answer = {0};

    if (ask(&answer, name, "get", server, cancel, error))
        return -1;
    if (is_not_found(&answer))
        return 0;
    if (answer.exit_status != 0)
        return refuse(&answer, name, "get", error);
    return take(credentials, name, &answer, error);
}

int credential_helper_store(const char *name, const char *server, const char *username,
                            const char *password, struct cancel *cancel, struct error *error)
{
    cleanup(secret_json_freep) json_t *json =
        json_pack("{s:s, s:s, s:s}", "ServerURL", server, "Username", username, "Secret", password);
    cleanup(secret_freep) char *input = json ? json_dumps(json, JSON_COMPACT) : NULL;
    cleanup(answer_done) struct answer answer = {0};

    if (!input)
        return error_set(error, ERROR_FAILED,
                         "a credential helper takes user name and password in UTF-8 only");
    if (ask(&answer, name, "store", input, cancel, error))
        return -1;
    if (answer.exit_status != 0)
        return refuse(&answer, name, "store", error);
    return 0;
}

int credential_helper_erase(const char *name, const char *server, struct cancel *cancel,
                            struct error *error)
{
    cleanup(answer_done) struct answer answer = {0};

    if (ask(&answer, name, "erase", server, cancel, error))
        return -1;
    if (is_not_found(&answer))
        return 0;
    if (answer.exit_status != 0)
        return refuse(&answer, name, "erase", error);
    return 1;
}
