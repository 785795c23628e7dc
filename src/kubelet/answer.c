// SPDX-License-Identifier: Apache-2.0
#include "kubelet/answer.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

enum { REASON_MAX_BYTES = 600 };

static bool climbs(const char *path)
{
    size_t len = strlen(path);

    return strstr(path, "/../") || (len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

int answer_read_path(char **ret, const char *body, size_t len, struct error *error)
{
    cleanup(json_decrefp) json_t *answer = json_loadb(body, len, 0, NULL);
    const json_t *items = json_object_get(answer, "items");
    const char *path = json_string_value(json_array_get(items, 0));

    if (json_array_size(items) != 1 || !path)
        return error_set(error, ERROR_FAILED,
                         "the answer does not name the archive: it is not {\"items\":[\"PATH\"]}; "
                         "is it a kubelet that answers?");
    if (*path != '/' || strlen(path) > KUBELET_PATH_MAX_LEN || display_hides(path) || climbs(path))
        return error_set(error, ERROR_FAILED,
                         "what the answer names is no absolute path that can be shown");
    *ret = xstrdup(path);
    return 0;
}

static const json_t *find_pod(const json_t *list, const struct container_name *name)
{
    size_t i;
    const json_t *pod;

    json_array_foreach(list, i, pod)
    {
        const json_t *metadata = json_object_get(pod, "metadata");

        if (json_text_is(metadata, "name", name->pod) &&
            json_text_is(metadata, "namespace", name->namespace_))
            return pod;
    }
    return NULL;
}

static int add_container(json_t *names, const struct container_name *pod, const json_t *container,
                         struct error *error)
{
    struct container_name name = *pod;

    name.container = json_get_text(container, "name");
    if (!name.container)
        return error_set(error, ERROR_FAILED, "the answer has a container without a name");
    if (kubelet_check_name(&name, error))
        return error->kind = ERROR_FAILED, error_context(error, "the answer");
    if (json_array_size(names) == KUBELET_MAX_CONTAINERS)
        return error_set(error, ERROR_FAILED, "the pod has more than %d containers",
                         KUBELET_MAX_CONTAINERS);
    json_array_append_new(names, json_string(name.container));
    return 0;
}

static int add_containers(json_t *names, const struct container_name *name, const json_t *pod,
                          struct error *error)
{
    const json_t *spec = json_object_get(pod, "spec"), *container;
    size_t i;

    json_array_foreach(json_object_get(spec, "initContainers"), i, container)
    {
        if (json_text_is(container, "restartPolicy", "Always") && /* a sidecar */
            add_container(names, name, container, error))
            return -1;
    }
    json_array_foreach(json_object_get(spec, "containers"), i, container)
    {
        if (add_container(names, name, container, error))
            return -1;
    }
    return 0;
}

static int no_such_pod(const struct question *question, struct error *error)
{
    const struct container_name *name = question->name;

    error_set(error, ERROR_FAILED, "there is no pod %s in namespace %s on this node", name->pod,
              name->namespace_);
    return error_advice(error,
                        "kubectl get pod -n %s -o wide tells the pods and their nodes; the kubelet "
                        "to ask is that of the pod's node",
                        name->namespace_);
}

int answer_read_containers(json_t **ret, const struct question *question, const char *body,
                           size_t len, struct error *error)
{
    cleanup(json_decrefp) json_t *answer = json_loadb(body, len, 0, NULL);
    cleanup(json_decrefp) json_t *names = json_array();
    const json_t *list = json_object_get(answer, "items");
    const json_t *pod = question->via_apiserver ? answer : find_pod(list, question->name);

    if (!json_is_object(answer) || (!question->via_apiserver && !json_is_array(list)))
        return error_set(error, ERROR_FAILED, "the answer tells of no pods");
    if (!pod)
        return no_such_pod(question, error);
    if (add_containers(names, question->name, pod, error))
        return -1;
    if (json_array_size(names) == 0)
        return error_set(error, ERROR_FAILED, "the answer tells of a pod without containers");
    *ret = steal(names);
    return 0;
}

/* The API server answers with a Status, the kubelet with a line of text. free() it. */
static char *reason_of(const char *body, size_t len)
{
    cleanup(json_decrefp) json_t *status = json_loadb(body, len, 0, NULL);
    const char *message = json_get_text(status, "message");
    cleanup_free char *line = xstrndup(body, strcspn(body, "\r\n"));

    return display_text(message ? message : line, REASON_MAX_BYTES);
}

static int refuse_identity(const struct question *question, struct error *error)
{
    if (question->credentials)
        error_advice(error, "the credentials of %s are unknown there or have expired",
                     question->credentials);
    else
        error_advice(error, "no credentials were given");
    if (question->via_apiserver)
        return error_advice(error, "log in again, or give another --kubeconfig or --token-file");
    return error_advice(
        error, "give --cert and --key, as /etc/kubernetes/pki/apiserver-kubelet-client.crt "
               "and .key on a control plane node, or --token-file with a token, which it "
               "takes where its authentication.webhook is enabled");
}

static int advise_rule(struct error *error, const char *verb, const char *resource)
{
    return error_advice(error,
                        "missing is a ClusterRole, bound to that user, with the rule {apiGroups: "
                        "[\"\"], resources: [\"%s\"], verbs: [\"%s\"]}",
                        resource, verb);
}

/* Behind the API server it is the API server's own identity that the kubelet looks at. */
static int refuse_rights(const struct question *question, const char *reason, struct error *error)
{
    bool by_kubelet = strstr(reason, "(user="), behind = question->via_apiserver;

    if (behind && by_kubelet)
        error_advice(error, "it is the kubelet that refuses the API server");
    if (question->for_pods)
        return by_kubelet || !behind ? advise_rule(error, "get", "nodes/proxy")
                                     : advise_rule(error, "get", "pods");
    return by_kubelet || !behind ? advise_rule(error, "create", "nodes/checkpoint")
                                 : advise_rule(error, "create", "nodes/proxy");
}

static int advise_gate(struct error *error)
{
    return error_advice(error,
                        "this kubelet has no checkpoint API: before Kubernetes 1.30 the feature "
                        "gate ContainerCheckpoint is off; set it in the kubelet's configuration, "
                        "featureGates: {ContainerCheckpoint: true}, and restart the kubelet");
}

static int refuse_not_found(const struct question *question, const char *reason,
                            struct error *error)
{
    const struct container_name *name = question->name;

    if (strstr(reason, "pod does not exist"))
        return error_advice(error,
                            "kubectl get pod -n %s %s -o wide tells the pod's node; its kubelet is "
                            "the one to ask",
                            name->namespace_, name->pod);
    if (strstr(reason, "container ") && strstr(reason, "does not exist"))
        return error_advice(error,
                            "kubectl get pod -n %s %s -o jsonpath='{.spec.containers[*].name}' "
                            "tells its containers",
                            name->namespace_, name->pod);
    if (strstr(reason, "timeout parameter"))
        return error_advice(error, "choose another --timeout, or none");
    if (strncmp(reason, "nodes \"", 7) == 0)
        return error_advice(error, "kubectl get nodes tells the names for --via-apiserver");
    if (strncmp(reason, "pods \"", 6) == 0)
        return error_advice(error, "kubectl get pod -n %s tells the pods", name->namespace_);
    if (question->for_pods)
        return error_advice(error, "is it a kubelet that answers?");
    if (strcasestr(reason, "page not found"))
        return advise_gate(error);
    return error_advice(error,
                        "either there is no such pod or container on this node, or the timeout is "
                        "not understood, or the feature gate ContainerCheckpoint is off (before "
                        "Kubernetes 1.30 it is, unless the kubelet's configuration sets it)");
}

/* What engines say, and what helps. */
static const struct {
    const char *words, *advice;
} engine_failures[] = {
    {"checkpoint/restore support not available",
     "the container engine cannot checkpoint: for CRI-O, install criu on the node, set "
     "enable_criu_support = true under [crio.runtime] in crio.conf, and restart it"},
    {"criu binary not found",
     "install criu on the node, where the container engine finds it in its PATH"},
    {"unimplemented", "this container engine has no checkpoints: containerd has them from 2.0 on, "
                      "CRI-O from 1.25 on"},
    {"unknown method", "this container engine has no checkpoints: containerd has them from 2.0 on, "
                       "CRI-O from 1.25 on"},
    {"deadline", "the container engine was not done in time: give it more with --timeout SECONDS"},
    {"no space left", "make room on the node's /var/lib/kubelet: old archives in its directory "
                      "checkpoints are never removed by themselves"},
    {"not found", "the container does not run now: wait until it does"},
    {"not running", "the container does not run now: wait until it does"},
};

static int refuse_failed(const char *reason, struct error *error)
{
    for (size_t i = 0; i < sizeof engine_failures / sizeof *engine_failures; i++)
        if (strcasestr(reason, engine_failures[i].words))
            return error_advice(error, "%s", engine_failures[i].advice);
    return error_advice(error, "the log of the node's container engine says why: journalctl -u "
                               "crio, or -u containerd");
}

int answer_refused(const struct question *question, int status, const char *body, size_t len,
                   struct error *error)
{
    cleanup_free char *reason = reason_of(body, len);

    error_set(error, status == 401 || status == 403 ? ERROR_UNAUTHORIZED : ERROR_FAILED,
              "%s answered %d%s%s", question->via_apiserver ? "the API server" : "the kubelet",
              status, *reason ? ": " : "", reason);
    error->http_status = status;
    if (status == 401)
        return refuse_identity(question, error);
    if (status == 403)
        return refuse_rights(question, reason, error);
    if (status == 404)
        return refuse_not_found(question, reason, error);
    if (question->via_apiserver && (status >= 502 || strstr(reason, "reach service")))
        return error_advice(error,
                            "the API server does not reach the kubelet of node %s: is it "
                            "Ready? See kubectl get node %s",
                            question->via_apiserver, question->via_apiserver);
    if (status == 500)
        return refuse_failed(reason, error);
    if (status / 100 == 3)
        return error_advice(error, "redirects are not followed: credentials would go with them");
    return error_advice(error, "is it a kubelet that answers?");
}
