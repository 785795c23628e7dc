// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kubelet.h"

#include <string.h>
#include <unistd.h>

#include "base/kube-name.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "http/secret.h"
#include "kubelet/access.h"
#include "kubelet/answer.h"
#include "kubelet/kubeconfig.h"

#define SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

struct kubelet {
    struct kubelet_options options;
    struct access access;
    struct http *http;
    char *authorization; /* secret; NULL: none */
};

static const struct http_advice kubelet_advice = {
    .plain_http = "only https is taken",
    .untrusted = "a kubelet mostly has a certificate that it has signed itself: give that, or the "
                 "CA that signed it, with --cacert FILE, or do without verification with "
                 "--insecure-skip-tls-verify",
    .handshake = "is it a kubelet that listens there?",
    .files = "check the files of --cacert, --cert and --key, or those in the kubeconfig",
    .stalled = "if the container needs longer to be written, give a higher --timeout; the archive "
               "may still come about on the node",
};

static const struct http_advice apiserver_advice = {
    .plain_http = "only https is taken",
    .untrusted = "the kubeconfig's cluster has the CA in certificate-authority-data or "
                 "certificate-authority; give another with --cacert FILE, or do without "
                 "verification with --insecure-skip-tls-verify",
    .handshake = "is it the cluster's API server that listens there?",
    .files = "check the files of --cacert, --cert and --key, or those in the kubeconfig",
    .stalled = "if the container needs longer to be written, give a higher --timeout; the archive "
               "may still come about on the node",
};

void kubelet_free(struct kubelet *kubelet)
{
    if (!kubelet)
        return;
    http_free(kubelet->http);
    secret_free(kubelet->authorization);
    access_done(&kubelet->access);
    free(kubelet);
}

static int check_name(const char *what, const char *name, bool with_dots, struct error *error)
{
    if (with_dots ? dns_is_subdomain(name) : dns_is_label(name))
        return 0;
    return error_set(error, ERROR_USAGE,
                     "%s \"%s\" is none: it is at most %d lower-case letters, digits%s or -, with "
                     "a letter or digit at both ends%s",
                     what, name, with_dots ? DNS_SUBDOMAIN_MAX_LEN : DNS_LABEL_MAX_LEN,
                     with_dots ? ", ." : "", with_dots ? " and beside each dot" : "");
}

int kubelet_check_name(const struct container_name *name, struct error *error)
{
    if (check_name("namespace", name->namespace_, false, error) ||
        check_name("pod", name->pod, true, error))
        return -1;
    return name->container ? check_name("container", name->container, false, error) : 0;
}

static int check_options(const struct kubelet_options *options, struct error *error)
{
    if (!options->certificate != !options->key)
        return error_set(error, ERROR_USAGE, "--cert and --key go together");
    if (options->via_apiserver && options->node)
        return error_set(error, ERROR_USAGE, "--node and --via-apiserver exclude each other");
    if (options->via_apiserver && check_name("node", options->via_apiserver, true, error))
        return error_context(error, "--via-apiserver");
    return 0;
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

/* The way Kubernetes' own clients find out that they run in a pod. */
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

static int find_access(struct access *access, const struct kubelet_options *options,
                       struct cancel *cancel, struct error *error)
{
    int found;

    access_init(access);
    found = options->via_apiserver ? find_apiserver(access, options, cancel, error)
                                   : find_node(access, options, cancel, error);
    return found ? -1 : apply_options(access, options, error);
}

/* The kubelet says nothing until the archive is complete. */
static int64_t patience_ms(const struct kubelet_options *options)
{
    int timeout_s = options->timeout_s ? options->timeout_s : KUBELET_DEFAULT_TIMEOUT_S;

    return options->stall_timeout_ms ? (int64_t)timeout_s * 1000 + options->stall_timeout_ms : 0;
}

/* As with kubectl, a proxy in the environment is not for this machine itself. */
static const char *choose_proxy(const struct access *access)
{
    static const char loopback[] =
        "^(https://)?(localhost|127\\.[0-9]+\\.[0-9]+\\.[0-9]+|\\[::1\\])(:[0-9]+)?(/|$)";
    const char *place = access->connect_to ? access->connect_to : access->server;

    if (!access->proxy && pattern_matches(loopback, place))
        return "";
    return access->proxy;
}

int kubelet_open(struct kubelet **result, const struct kubelet_options *options,
                 struct cancel *cancel, struct error *error)
{
    cleanup(kubelet_freep) struct kubelet *kubelet = NEW(struct kubelet);
    struct http_options http_options = {.tls = &kubelet->access.tls,
                                        .advice = options->via_apiserver ? &apiserver_advice
                                                                         : &kubelet_advice,
                                        .cancel = cancel,
                                        .stall_timeout_ms = patience_ms(options)};

    kubelet->options = *options;
    if (check_options(options, error) || find_access(&kubelet->access, options, cancel, error))
        return -1;
    http_options.tls_verify = kubelet->access.tls_verify;
    http_options.proxy = choose_proxy(&kubelet->access);
    http_options.connect_to = kubelet->access.connect_to;
    if (http_new(&kubelet->http, &http_options, error))
        return -1;
    if (kubelet->access.token)
        kubelet->authorization = xasprintf("Bearer %s", kubelet->access.token);
    *result = steal(kubelet);
    return 0;
}

static int explain_no_answer(const struct kubelet *kubelet, struct error *error)
{
    if (http_failure(kubelet->http) != HTTP_FAILURE_UNREACHABLE &&
        http_failure(kubelet->http) != HTTP_FAILURE_REFUSED)
        return -1;
    if (kubelet->options.via_apiserver)
        return error_advice(error, "is that where the cluster's API server is?");
    return error_advice(error, "does a kubelet run there? Name another with --node "
                               "https://HOST:10250, or go through the API server with "
                               "--via-apiserver NODE");
}

static int send(struct kubelet *kubelet, const struct question *question,
                struct http_request *request, struct error *error)
{
    const char *body;
    size_t len;
    int status;

    request->authorization = kubelet->authorization;
    request->accept = "application/json";
    status = http_send(kubelet->http, request, error);
    if (status < 0)
        return explain_no_answer(kubelet, error);
    if (status == 200)
        return 0;
    body = http_answer(kubelet->http, &len);
    return answer_refused(question, status, body, len, error);
}

static struct question make_question(const struct kubelet *kubelet,
                                     const struct container_name *name, bool for_pods)
{
    return (struct question){.for_pods = for_pods,
                             .name = name,
                             .via_apiserver = kubelet->options.via_apiserver,
                             .credentials = kubelet->access.source};
}

/* The names have been checked: nothing in them needs encoding. */
int kubelet_checkpoint(struct kubelet *kubelet, const struct container_name *name, char **path,
                       struct error *error)
{
    const struct question question = make_question(kubelet, name, false);
    const char *node = kubelet->options.via_apiserver;
    cleanup_free char *proxy = node ? xasprintf("/api/v1/nodes/%s:10250/proxy", node) : xstrdup("");
    cleanup_free char *timeout = kubelet->options.timeout_s
                                     ? xasprintf("?timeout=%d", kubelet->options.timeout_s)
                                     : xstrdup("");
    cleanup_free char *url = xasprintf("%s%s/checkpoint/%s/%s/%s%s", kubelet->access.server, proxy,
                                       name->namespace_, name->pod, name->container, timeout);
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .answer_max_bytes = KUBELET_ANSWER_MAX_BYTES};
    const char *body;
    size_t len;

    if (send(kubelet, &question, &request, error))
        return -1;
    body = http_answer(kubelet->http, &len);
    return answer_read_path(path, body, len, error);
}

int kubelet_list_containers(struct kubelet *kubelet, const char *namespace_, const char *pod,
                            json_t **names, struct error *error)
{
    const struct container_name name = {namespace_, pod, NULL};
    const struct question question = make_question(kubelet, &name, true);
    cleanup_free char *url =
        kubelet->options.via_apiserver
            ? xasprintf("%s/api/v1/namespaces/%s/pods/%s", kubelet->access.server, namespace_, pod)
            : xasprintf("%s/pods", kubelet->access.server);
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .answer_max_bytes = KUBELET_PODS_MAX_BYTES};
    const char *body;
    size_t len;

    if (send(kubelet, &question, &request, error))
        return -1;
    body = http_answer(kubelet->http, &len);
    if (len == KUBELET_PODS_MAX_BYTES)
        return error_set(error, ERROR_FAILED, "the answer has more than %d bytes",
                         KUBELET_PODS_MAX_BYTES);
    return answer_read_containers(names, &question, body, len, error);
}
