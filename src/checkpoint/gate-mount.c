// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/gate-mount.h"

#include <string.h>

#include "archive/member-path.h"

/* The kubelet's own directory of a pod is ROOT/pods/UID; ROOT can be configured. */
static bool is_in_pod(const char *source, const char *pod_uid)
{
    static const char pods[] = "/pods/";
    const char *at = strstr(source, pods);
    size_t len;

    if (!at || !pod_uid || !*pod_uid)
        return false;
    at += sizeof pods - 1;
    len = strlen(pod_uid);
    return strncmp(at, pod_uid, len) == 0 && at[len] == '/';
}

bool gate_source_is_usual(const char *source, const char *pod_uid)
{
    static const char *const engines[] = {
        "/run/containers/",     "/var/run/containers/", "/var/lib/containers/", "/run/containerd/",
        "/var/lib/containerd/", "/run/k3s/containerd/", "/var/lib/rancher/",    "/run/crio/",
        "/var/run/crio/",       "/var/lib/crio/",
    };

    if (member_path_climbs(source))
        return false;
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (strncmp(source, engines[i], strlen(engines[i])) == 0)
            return true;
    /* Of podman without root. */
    if (strncmp(source, "/run/user/", 10) == 0 && strstr(source, "/containers/"))
        return true;
    if (strstr(source, "/.local/share/containers/"))
        return true;
    return is_in_pod(source, pod_uid);
}
