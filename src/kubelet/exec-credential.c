// SPDX-License-Identifier: Apache-2.0
#include "kubelet/exec-credential.h"

#include <string.h>

#include "base/child.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "http/secret.h"

#define API_GROUP "client.authentication.k8s.io/"

/* Pointers that end with NULL, and the strings behind them. */
struct strings {
    char **list;
    size_t count;
};

static void strings_add(struct strings *strings, char *owned)
{
    strings->list = xreallocarray(strings->list, strings->count + 2, sizeof *strings->list);
    strings->list[strings->count++] = owned;
    strings->list[strings->count] = NULL;
}

static void strings_done(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        secret_free(strings->list[i]);
    free(strings->list);
}

static int check_version(const json_t *exec, struct error *error)
{
    const char *version = json_get_text(exec, "apiVersion");

    if (!version ||
        (strcmp(version, API_GROUP "v1") != 0 && strcmp(version, API_GROUP "v1beta1") != 0))
        return error_set(error, ERROR_USAGE,
                         "apiVersion \"%s\" is neither " API_GROUP "v1 nor v1beta1",
                         version ? version : "");
    if (json_text_is(exec, "interactiveMode", "Always")) {
        error_set(error, ERROR_USAGE, "the program wants a terminal (interactiveMode: Always)");
        return error_advice(error, "get a token with it by hand, and give it with --token-file");
    }
    if (json_get_bool(exec, "provideClusterInfo")) {
        error_set(error, ERROR_USAGE, "provideClusterInfo is not supported");
        return error_advice(error, "get a token with the program by hand, and give it with "
                                   "--token-file");
    }
    return 0;
}

static int take_command(struct strings *arguments, const json_t *exec, const char *path,
                        struct error *error)
{
    const char *command = json_get_nonempty(exec, "command");
    const json_t *list = json_object_get(exec, "args"), *item;
    size_t i;

    if (!command)
        return error_set(error, ERROR_FAILED, "it has no command");
    if (json_array_size(list) > EXEC_CREDENTIAL_MAX_ARGUMENTS)
        return error_set(error, ERROR_FAILED, "more than %d args", EXEC_CREDENTIAL_MAX_ARGUMENTS);
    /* With a slash in it, it is relative to the kubeconfig; without, one of $PATH. */
    strings_add(arguments, strchr(command, '/') ? file_beside(path, command) : xstrdup(command));
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return error_set(error, ERROR_FAILED, "one of its args is no string");
        strings_add(arguments, xstrdup(json_string_value(item)));
    }
    return 0;
}

static int take_environment(struct strings *environment, const json_t *exec, struct error *error)
{
    const json_t *list = json_object_get(exec, "env"), *item;
    size_t i;

    strings_add(environment,
                xasprintf("KUBERNETES_EXEC_INFO={\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\","
                          "\"spec\":{\"interactive\":false}}",
                          json_get_text(exec, "apiVersion")));
    if (json_array_size(list) > EXEC_CREDENTIAL_MAX_ARGUMENTS)
        return error_set(error, ERROR_FAILED, "more than %d env", EXEC_CREDENTIAL_MAX_ARGUMENTS);
    json_array_foreach(list, i, item)
    {
        const char *name = json_get_nonempty(item, "name"), *value = json_get_text(item, "value");

        if (!name || strchr(name, '=') || !value)
            return error_set(error, ERROR_FAILED, "one of its env is no name and value");
        strings_add(environment, xasprintf("%s=%s", name, value));
    }
    return 0;
}

/* Nothing of the answer is quoted: it is secret. */
static int take_status(struct access *access, const json_t *status, struct error *error)
{
    const char *token = json_get_nonempty(status, "token");
    const char *certificate = json_get_text(status, "clientCertificateData");
    const char *key = json_get_text(status, "clientKeyData");

    if (token && access_set_token(access, token, error))
        return error_context(error, "its token");
    if (certificate && key &&
        (access_put(&access->tls.certificate_pem, certificate, strlen(certificate), error) ||
         access_put(&access->tls.key_pem, key, strlen(key), error)))
        return error_context(error, "its certificate or key");
    if (!token && !(certificate && key))
        return error_set(error, ERROR_FAILED,
                         "it gave neither a token nor a certificate with its key");
    return 0;
}

static int take_answer(struct access *access, const struct buffer *output, struct error *error)
{
    cleanup(secret_json_freep) json_t *answer = json_loadb(output->data, output->len, 0, NULL);

    if (!json_text_is(answer, "kind", "ExecCredential"))
        return error_set(error, ERROR_FAILED, "what it wrote is no ExecCredential");
    return take_status(access, json_object_get(answer, "status"), error);
}

static int run(struct access *access, const json_t *exec, const struct child_options *options,
               struct error *error)
{
    const char *hint = json_get_text(exec, "installHint");
    struct buffer output;
    int exit_status, result;

    buffer_init(&output, EXEC_CREDENTIAL_MAX_BYTES);
    result = child_run(options, &output, &exit_status, error);
    if (result == 0 && exit_status != 0)
        result = error_set(error, ERROR_FAILED, "it ended with status %d", exit_status);
    else if (result == 0)
        result = take_answer(access, &output, error);
    secret_clear(&output);
    buffer_done(&output);
    if (result == 0)
        return 0;
    error_context(error, "credentials from %s", json_get_text(exec, "command"));
    return hint ? error_advice(error, "%s", hint) : -1;
}

int exec_credential_get(struct access *access, const json_t *exec, const char *path,
                        struct cancel *cancel, struct error *error)
{
    cleanup(strings_done) struct strings arguments = {0};
    cleanup(strings_done) struct strings environment = {0};

    if (check_version(exec, error) || take_command(&arguments, exec, path, error) ||
        take_environment(&environment, exec, error))
        return error_context(error, "exec");
    return run(access, exec,
               &(struct child_options){.argv = arguments.list,
                                       .environment = environment.list,
                                       .input = "",
                                       .timeout_ms = EXEC_CREDENTIAL_TIMEOUT_MS,
                                       .cancel = cancel},
               error);
}
