// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/secret.h"
#include "registry/authfile.h"

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

/* Whether there is such a program in $PATH. */
static bool is_installed(const char *name)
{
    const char *path = getenv("PATH"), *end;

    for (; path && *path; path = *end ? end + 1 : end) {
        cleanup_free char *program = NULL;

        end = strchrnul(path, ':');
        program = xasprintf("%.*s%sdocker-credential-%s", (int)(end - path), path,
                            end > path ? "/" : "./", name);
        if (access(program, X_OK) == 0)
            return true;
    }
    return false;
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
    static atomic_bool told; /* each connection to a registry comes by here */
    cleanup(answer_done) struct answer answer = {0};

    if (is_name(name) && !is_installed(name)) {
        if (!atomic_exchange(&told, true))
            log_warning("the credential helper docker-credential-%s is not installed: going on "
                        "without what it may have for %s",
                        name, server);
        return 0;
    }
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

void credentials_done(struct credentials *credentials)
{
    free(credentials->username);
    secret_free(credentials->password);
    secret_free(credentials->identity_token);
    secret_free(credentials->registry_token);
    free(credentials->origin);
    *credentials = (struct credentials){0};
}

static int from_option(struct credentials *credentials, const struct registry_options *options,
                       struct error *error)
{
    const char *creds = options->creds;
    size_t len = strcspn(creds, ":");

    if (len == 0)
        return error_set(error, ERROR_USAGE, "--creds wants USER:PASSWORD, and the user is empty");
    credentials->username = xstrndup(creds, len);
    credentials->password = xstrdup(creds[len] ? creds + len + 1 : "");
    credentials->origin = options->creds_entered ? NULL : xstrdup("--creds");
    return 0;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* A file the user named must be there and be right. */
static int from_named_file(struct credentials *credentials, const char *path, const char *by,
                           const struct reference *reference, struct cancel *cancel,
                           struct error *error)
{
    int found;

    if (access(path, F_OK) != 0)
        found = error_set(error, ERROR_FAILED, "there is no file %s", path);
    else
        found = authfile_find(credentials, path, AUTHFILE_AUTHS, reference, cancel, error);
    if (found >= 0 || error->kind == ERROR_INTERRUPTED)
        return found;
    error_context(error, "%s", by);
    return error_advice(error, "name a file with registry credentials as docker login or podman "
                               "login writes it");
}

/* The file's contents in a variable, as GitLab's runners and docker have it. */
static int from_environment(struct credentials *credentials, const struct reference *reference,
                            struct cancel *cancel, struct error *error)
{
    const char *text = environment("DOCKER_AUTH_CONFIG");

    if (!text)
        return 0;
    return authfile_find_in_text(credentials, text, "$DOCKER_AUTH_CONFIG", reference, cancel,
                                 error);
}

/* Takes the path. NULL: there is no such place. */
static int from_usual_file(struct credentials *credentials, char *path, enum authfile_schema schema,
                           const struct reference *reference, struct cancel *cancel,
                           struct error *error)
{
    cleanup_free char *owned = path;
    int found;

    if (!owned)
        return 0;
    found = authfile_find(credentials, owned, schema, reference, cancel, error);
    if (found >= 0 || error->kind == ERROR_INTERRUPTED)
        return found;
    return error_advice(error, "repair or remove it, or name another file with --authfile");
}

static char *under(const char *directory, const char *name)
{
    return directory ? xasprintf("%s/%s", directory, name) : NULL;
}

char *credentials_primary_file(void)
{
    const char *runtime_dir = environment("XDG_RUNTIME_DIR");

    if (runtime_dir)
        return under(runtime_dir, "containers/auth.json");
    return xasprintf("/run/containers/%u/auth.json", (unsigned)getuid());
}

static char *config_auth_json(void)
{
    const char *config_home = environment("XDG_CONFIG_HOME");

    if (config_home)
        return under(config_home, "containers/auth.json");
    return under(environment("HOME"), ".config/containers/auth.json");
}

static char *docker_config_json(void)
{
    const char *docker_config = environment("DOCKER_CONFIG");

    if (docker_config)
        return under(docker_config, "config.json");
    return under(environment("HOME"), ".docker/config.json");
}

static int from_usual_files(struct credentials *credentials, const struct reference *reference,
                            struct cancel *cancel, struct error *error)
{
    const struct {
        char *path;
        enum authfile_schema schema;
    } files[] = {
        {credentials_primary_file(), AUTHFILE_AUTHS},
        {config_auth_json(), AUTHFILE_AUTHS},
        {docker_config_json(), AUTHFILE_AUTHS},
        {under(environment("HOME"), ".dockercfg"), AUTHFILE_FLAT},
    };
    int found = from_environment(credentials, reference, cancel, error);

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (found == 0)
            found = from_usual_file(credentials, files[i].path, files[i].schema, reference, cancel,
                                    error);
        else
            free(files[i].path);
    }
    return found;
}

int credentials_find(struct credentials *credentials, const struct reference *reference,
                     const struct registry_options *options, struct cancel *cancel,
                     struct error *error)
{
    const char *named = environment("REGISTRY_AUTH_FILE");
    struct credentials result = {0};
    int found;

    if (options->creds)
        found = from_option(&result, options, error);
    else if (options->authfile)
        found = from_named_file(&result, options->authfile, "--authfile", reference, cancel, error);
    else if (named)
        found = from_named_file(&result, named, "$REGISTRY_AUTH_FILE", reference, cancel, error);
    else
        found = from_usual_files(&result, reference, cancel, error);
    if (found < 0)
        return -1;
    *credentials = result;
    return 0;
}

int credentials_advise(const struct credentials *credentials, const char *domain,
                       struct error *error)
{
    if (!credentials->username && !credentials->identity_token && !credentials->registry_token)
        return error_advice(error,
                            "no credentials for %s were found: log in with ckptoci login, or give "
                            "--creds USER:PASSWORD or --authfile FILE",
                            domain);
    if (!credentials->origin)
        return error_advice(error, "check the user name and the password");
    return error_advice(error,
                        "the credentials for %s came from %s: check them and the user's rights, or "
                        "give others with --creds or --authfile",
                        domain, credentials->origin);
}
