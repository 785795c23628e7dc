// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kubeconfig.h"

#include <string.h>

#include "base/child.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "http/secret.h"
#include "http/url.h"
#include "yaml/yaml.h"

#define API_GROUP "client.authentication.k8s.io/"

enum {
    KUBECONFIG_MAX_BYTES = 4 << 20,
    EXEC_CREDENTIAL_MAX_BYTES = 1 << 20, /* certificates and keys among them */
    EXEC_CREDENTIAL_TIMEOUT_MS = 2 * 60 * 1000,
    EXEC_CREDENTIAL_MAX_ARGUMENTS = 256,
};

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

static int check_exec(const json_t *exec, struct error *error)
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

static int run_exec(struct access *access, const json_t *exec, const struct child_options *options,
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

/* Runs the program that `exec`, of the kubeconfig at `path`, names, without a terminal, and takes
 * the token or the certificate it gives (Kubernetes, "Authenticating", client-go credential
 * plugins). */
static int take_exec_credentials(struct access *access, const json_t *exec, const char *path,
                                 struct cancel *cancel, struct error *error)
{
    cleanup(strings_done) struct strings arguments = {0};
    cleanup(strings_done) struct strings environment = {0};

    if (check_exec(exec, error) || take_command(&arguments, exec, path, error) ||
        take_environment(&environment, exec, error))
        return error_context(error, "exec");
    return run_exec(access, exec,
                    &(struct child_options){.argv = arguments.list,
                                            .environment = environment.list,
                                            .input = "",
                                            .timeout_ms = EXEC_CREDENTIAL_TIMEOUT_MS,
                                            .cancel = cancel},
                    error);
}

struct reading {
    struct access *access;
    const char *path;
    struct cancel *cancel;
};

/* What `data_key` holds in base64, else the file that `file_key` names. 1: put into the buffer; 0:
 * neither is there. */
static int read_material(const struct reading *reading, const json_t *object, const char *data_key,
                         const char *file_key, struct buffer *buffer, struct error *error)
{
    const char *base64 = json_get_nonempty(object, data_key);
    const char *name = json_get_nonempty(object, file_key);
    cleanup_free char *path = name && !base64 ? file_beside(reading->path, name) : NULL;
    char *bytes = NULL;
    size_t len = 0;
    int result;

    if (base64)
        bytes = secret_base64_decode(base64, &len);
    else if (!path)
        return 0;
    else if (file_read(path, buffer->max, &bytes, &len, error) < 0)
        return error_context(error, "%s", file_key);
    if (!bytes)
        return base64 ? error_set(error, ERROR_FAILED, "%s: not base64", data_key)
                      : error_set(error, ERROR_FAILED, "%s: there is no file %s", file_key, path);
    result = access_put(buffer, bytes, len, error);
    explicit_bzero(bytes, len);
    free(bytes);
    return result ? error_context(error, "%s", base64 ? data_key : file_key) : 1;
}

/* In an array of {"name": NAME, KIND: {...}}; borrowed. NULL: *error. */
static json_t *find_named(const json_t *config, const char *list, const char *kind,
                          const char *name, struct error *error)
{
    size_t i;
    const json_t *item;

    json_array_foreach(json_object_get(config, list), i, item)
    {
        const char *item_name = json_get_nonempty(item, "name");
        json_t *found = json_object_get(item, kind);

        if (item_name && strcmp(item_name, name) == 0 && json_is_object(found))
            return found;
    }
    error_set(error, ERROR_FAILED, "there is no %s \"%s\"", kind, name);
    return NULL;
}

/* The certificate has that name, and the connection still goes where the server is. */
static int set_server_name(struct access *access, const char *name, struct error *error)
{
    cleanup_free char *renamed = NULL, *address = NULL;

    if (url_replace_host(&renamed, &address, access->server, name, error) ||
        access_set_server(access, renamed, error))
        return error_context(error, "tls-server-name");
    free(access->connect_to);
    access->connect_to = steal(address);
    return 0;
}

static int read_server(const struct reading *reading, const json_t *cluster, struct error *error)
{
    struct access *access = reading->access;
    const char *server = json_get_nonempty(cluster, "server");
    const char *proxy = json_get_nonempty(cluster, "proxy-url");
    const char *server_name = json_get_nonempty(cluster, "tls-server-name");

    if (!server)
        return error_set(error, ERROR_FAILED, "the cluster has no server");
    if (access_set_server(access, server, error))
        return access_name_url(error, "server", server);
    if (json_get_bool(cluster, "insecure-skip-tls-verify"))
        access->tls_verify = false;
    if (proxy) {
        secret_free(access->proxy);
        access->proxy = xstrdup(proxy);
    }
    return server_name ? set_server_name(access, server_name, error) : 0;
}

static int read_cluster(const struct reading *reading, const json_t *cluster,
                        enum kubeconfig_part part, struct error *error)
{
    struct tls_settings *tls = &reading->access->tls;
    int found = read_material(reading, cluster, "certificate-authority-data",
                              "certificate-authority", &tls->cas, error);

    if (found < 0)
        return -1;
    if (found)
        tls->only_cas = true;
    return part == KUBECONFIG_ALL ? read_server(reading, cluster, error) : 0;
}

static int read_token(const struct reading *reading, const json_t *user, struct error *error)
{
    const char *token = json_get_nonempty(user, "token");
    const char *file = json_get_nonempty(user, "tokenFile");
    cleanup_free char *path = file ? file_beside(reading->path, file) : NULL;

    if (path) /* it counts more, as kubectl has it */
        return access_read_token(reading->access, path, error);
    if (token && access_set_token(reading->access, token, error))
        return error_context(error, "token");
    return 0;
}

static int refuse_unsupported(const json_t *user, struct error *error)
{
    static const char *const keys[] = {"as", "as-groups", "as-user-extra", "auth-provider",
                                       "username"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(user, keys[i])) {
            error_set(error, ERROR_USAGE, "\"%s\" is not supported", keys[i]);
            return error_advice(error, "use a user with a certificate, a token or an exec plugin, "
                                       "or give a token with --token-file");
        }
    return 0;
}

static int read_user(const struct reading *reading, const json_t *user, struct error *error)
{
    struct tls_settings *tls = &reading->access->tls;
    const json_t *exec = json_object_get(user, "exec");
    int certificate, key;

    if (refuse_unsupported(user, error) || read_token(reading, user, error))
        return -1;
    certificate = read_material(reading, user, "client-certificate-data", "client-certificate",
                                &tls->certificate_pem, error);
    if (certificate < 0)
        return -1;
    key = read_material(reading, user, "client-key-data", "client-key", &tls->key_pem, error);
    if (key < 0)
        return -1;
    if (certificate != key)
        return error_set(error, ERROR_FAILED, "a client certificate and its key go together");
    if (json_is_object(exec) && !reading->access->token && !certificate)
        return take_exec_credentials(reading->access, exec, reading->path, reading->cancel, error);
    return 0;
}

static int read_context(const struct reading *reading, const json_t *config,
                        enum kubeconfig_part part, struct error *error)
{
    const char *name = json_get_nonempty(config, "current-context"), *cluster_name, *user_name;
    const json_t *context, *cluster, *user;
    cleanup_free char *source = NULL;

    if (!name) {
        error_set(error, ERROR_FAILED, "there is no current-context");
        return error_advice(error, "choose one with kubectl config use-context");
    }
    context = find_named(config, "contexts", "context", name, error);
    if (!context)
        return -1;
    cluster_name = json_get_nonempty(context, "cluster");
    cluster = find_named(config, "clusters", "cluster", cluster_name ? cluster_name : "", error);
    if (!cluster)
        return -1;
    if (read_cluster(reading, cluster, part, error))
        return error_context(error, "cluster \"%s\"", cluster_name);
    user_name = json_get_nonempty(context, "user");
    if (!user_name)
        return 0;
    user = find_named(config, "users", "user", user_name, error);
    if (!user)
        return -1;
    if (read_user(reading, user, error))
        return error_context(error, "user \"%s\"", user_name);
    source = xasprintf("user \"%s\" of %s", user_name, reading->path);
    access_set_source(reading->access, source);
    return 0;
}

int kubeconfig_read(struct access *access, const char *path, enum kubeconfig_part part,
                    struct cancel *cancel, struct error *error)
{
    const struct reading reading = {.access = access, .path = path, .cancel = cancel};
    cleanup(secret_json_freep) json_t *config = NULL;
    char *text = NULL;
    size_t len = 0;
    int result = file_read(path, KUBECONFIG_MAX_BYTES, &text, &len, error);

    if (result < 0)
        return error_context(error, "kubeconfig");
    if (result == 0)
        return error_set(error, ERROR_FAILED, "kubeconfig %s: there is no such file", path);
    result = yaml_read(&config, text, len, error);
    explicit_bzero(text, len);
    free(text);
    if (result == 0)
        result = read_context(&reading, config, part, error);
    return result ? error_context(error, "kubeconfig %s", path) : 0;
}
