// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kubeconfig.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "http/secret.h"
#include "http/url.h"
#include "kubelet/exec-credential.h"
#include "yaml/yaml.h"

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
        return exec_credential_get(reading->access, exec, reading->path, reading->cancel, error);
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
