// SPDX-License-Identifier: Apache-2.0
/* What Kubernetes takes for a name, and what the kubelet calls the archives that it has made. Pure
 * functions. */
#ifndef CKPTOCI_BASE_KUBE_NAME_H
#define CKPTOCI_BASE_KUBE_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { DNS_LABEL_MAX_LEN = 63, DNS_SUBDOMAIN_MAX_LEN = 253 };

/* Whether it is a name as RFC 1123 has them. A label: of namespaces and containers. Labels with
 * dots between them: of pods and nodes. */
bool dns_is_label(const char *name);
bool dns_is_subdomain(const char *name);

/* What a checkpoint is of; NULL: not known. All borrowed. */
struct container_identity {
    const char *pod_namespace, *pod, *container;
};

/* The kubelet's names are "checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar", with more behind it where
 * somebody has compressed the file. The bytes before "-TIME", which stand for the container; 0: the
 * kubelet calls no file so. `name` is without a directory. */
size_t kubelet_file_container_len(const char *name);
/* Whether the kubelet may call an archive of this container so. Where a name is none of its own, or
 * a part is not known, that says nothing against it. */
bool kubelet_file_may_hold(const char *name, const struct container_identity *what);

#endif
