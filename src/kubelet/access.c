// SPDX-License-Identifier: Apache-2.0
#include "kubelet/access.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "http/secret.h"
#include "http/url.h"
#include "kubelet/kubeconfig.h"

void access_done(struct access *access)
{
    free(access->server);
    free(access->connect_to);
    secret_free(access->proxy);
    secret_free(access->token);
    free(access->source);
    tls_settings_done(&access->tls);
}

int access_set_server(struct access *access, const char *url, struct error *error)
{
    cleanup_free char *resolved = NULL;
    size_t len;

    if (url_resolve(&resolved, url, "", error))
        return -1;
    if (strncmp(resolved, "https://", 8) != 0)
        return error_set(error, ERROR_USAGE, "it has to begin with https://");
    if (strpbrk(url, "?#"))
        return error_set(error, ERROR_USAGE, "it must not have a query or a fragment");
    len = strlen(resolved);
    while (resolved[len - 1] == '/')
        resolved[--len] = '\0';
    free(access->server);
    access->server = steal(resolved);
    return 0;
}

int access_name_url(struct error *error, const char *what, const char *url)
{
    if (strchr(url, '@')) /* a password may be before it */
        return error_context(error, "%s", what);
    return error_context(error, "%s \"%s\"", what, url);
}

int access_put(struct buffer *buffer, const char *bytes, size_t len, struct error *error)
{
    secret_clear(buffer);
    if (len == 0)
        return error_set(error, ERROR_FAILED, "it is empty");
    if (buffer_append(buffer, bytes, len))
        return error_set(error, ERROR_FAILED, "it has more than %zu bytes", buffer->max);
    return 0;
}

static int read_into(struct buffer *buffer, const char *path, struct error *error)
{
    char *data = NULL;
    size_t len = 0;
    int found = file_read(path, buffer->max, &data, &len, error), result;

    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(error, ERROR_FAILED, "read %s: there is no such file", path);
    result = access_put(buffer, data, len, error);
    explicit_bzero(data, len);
    free(data);
    return result ? error_context(error, "read %s", path) : 0;
}

int access_read_ca(struct access *access, const char *path, struct error *error)
{
    access->tls.only_cas = true;
    return read_into(&access->tls.cas, path, error);
}

int access_read_identity(struct access *access, const char *certificate, const char *key,
                         struct error *error)
{
    if (read_into(&access->tls.certificate_pem, certificate, error))
        return -1;
    return read_into(&access->tls.key_pem, key, error);
}

int access_set_token(struct access *access, const char *token, struct error *error)
{
    static const char space[] = " \t\r\n";
    size_t len;

    token += strspn(token, space);
    len = strcspn(token, space);
    if (len == 0 || token[len + strspn(token + len, space)])
        return error_set(error, ERROR_FAILED, len ? "it has more than one word" : "it is empty");
    for (size_t i = 0; i < len; i++)
        if (token[i] < '!' || token[i] > '~')
            return error_set(error, ERROR_FAILED, "it has characters that no token has");
    secret_free(access->token);
    access->token = xstrndup(token, len);
    return 0;
}

int access_read_token(struct access *access, const char *path, struct error *error)
{
    cleanup(secret_freep) char *text = NULL;
    size_t len;
    int found = file_read(path, TOKEN_MAX_BYTES, &text, &len, error);

    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(error, ERROR_FAILED, "read %s: there is no such file", path);
    return access_set_token(access, text, error) ? error_context(error, "token in %s", path) : 0;
}

void access_set_source(struct access *access, const char *source)
{
    free(access->source);
    access->source = xstrdup(source);
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static bool is_readable(const char *path)
{
    return access(path, R_OK) == 0;
}

/* As Kubernetes' own clients find out that they run in a pod. */
static bool in_pod(void)
{
    return environment("KUBERNETES_SERVICE_HOST") && environment("KUBERNETES_SERVICE_PORT") &&
           is_readable(SERVICE_ACCOUNT_DIRECTORY "/token");
}

static int take_service_account(struct access *access, struct error *error)
{
    if (access_read_token(access, SERVICE_ACCOUNT_DIRECTORY "/token", error) ||
        access_read_ca(access, SERVICE_ACCOUNT_DIRECTORY "/ca.crt", error))
        return -1;
    access_set_source(access, "the pod's service account");
    return 0;
}

static int set_cluster_service(struct access *access, struct error *error)
{
    const char *host = environment("KUBERNETES_SERVICE_HOST");
    const char *port = environment("KUBERNETES_SERVICE_PORT");
    bool is_ipv6 = strchr(host, ':');
    cleanup_free char *url =
        xasprintf("https://%s%s%s:%s", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);

    return access_set_server(access, url, error) ? error_context(error, "KUBERNETES_SERVICE_HOST")
                                                 : 0;
}

/* --kubeconfig, $KUBECONFIG, the pod's service account, ~/.kube/config: the first that is there. */
static int find_apiserver(struct access *access, const struct kubelet_options *options,
                          struct cancel *cancel, struct error *error)
{
    const char *home = environment("HOME"), *variable = environment("KUBECONFIG");
    cleanup_free char *usual = home ? xasprintf("%s/.kube/config", home) : NULL;

    if (options->kubeconfig)
        return kubeconfig_read(access, options->kubeconfig, KUBECONFIG_ALL, cancel, error);
    if (variable && strchr(variable, ':')) {
        error_set(error, ERROR_USAGE, "$KUBECONFIG names several files, which are not merged here");
        return error_advice(error, "make one with kubectl config view --flatten, and give it with "
                                   "--kubeconfig");
    }
    if (variable)
        return kubeconfig_read(access, variable, KUBECONFIG_ALL, cancel, error);
    if (in_pod())
        return set_cluster_service(access, error) || take_service_account(access, error) ? -1 : 0;
    if (usual && is_readable(usual))
        return kubeconfig_read(access, usual, KUBECONFIG_ALL, cancel, error);
    error_set(error, ERROR_USAGE, "--via-apiserver: where the API server is, is not known");
    return error_advice(error, "give a kubeconfig with --kubeconfig FILE or in $KUBECONFIG");
}

static int find_node(struct access *access, const struct kubelet_options *options,
                     struct cancel *cancel, struct error *error)
{
    const char *node = options->node ? options->node : KUBELET_DEFAULT_NODE;

    if (access_set_server(access, node, error))
        return error->kind = ERROR_USAGE, access_name_url(error, "--node", node);
    if (options->kubeconfig)
        return kubeconfig_read(access, options->kubeconfig, KUBECONFIG_USER, cancel, error);
    if (!options->certificate && !options->token_file && in_pod())
        return take_service_account(access, error);
    return 0;
}

static int apply_options(struct access *access, const struct kubelet_options *options,
                         struct error *error)
{
    if (options->insecure)
        access->tls_verify = false;
    if (options->ca && access_read_ca(access, options->ca, error))
        return error_context(error, "--cacert");
    if (options->certificate || options->token_file) { /* nobody else's beside them */
        secret_free(steal(access->token));
        secret_clear(&access->tls.certificate_pem);
        secret_clear(&access->tls.key_pem);
        access_set_source(access, "the options");
    }
    if (options->certificate &&
        access_read_identity(access, options->certificate, options->key, error))
        return error_context(error, "--cert, --key");
    if (options->token_file && access_read_token(access, options->token_file, error))
        return error_context(error, "--token-file");
    return 0;
}

int access_find(struct access *access, const struct kubelet_options *options, struct cancel *cancel,
                struct error *error)
{
    int found;

    tls_settings_init(&access->tls);
    access->tls_verify = true;
    found = options->via_apiserver ? find_apiserver(access, options, cancel, error)
                                   : find_node(access, options, cancel, error);
    return found ? -1 : apply_options(access, options, error);
}
