// SPDX-License-Identifier: Apache-2.0
/* kubectl's file of clusters, users and contexts (Kubernetes, "Organizing Cluster Access Using
 * kubeconfig Files"). */
#ifndef CKPTOCI_KUBELET_KUBECONFIG_H
#define CKPTOCI_KUBELET_KUBECONFIG_H

#include "base/cancel.h"
#include "base/error.h"
#include "kubelet/access.h"

enum kubeconfig_part {
    KUBECONFIG_ALL,  /* the current context's cluster and user: that is where requests go */
    KUBECONFIG_USER, /* its user, and the CA of its cluster: requests go elsewhere */
};

/* Adds what the file says to `access`; files that it names are read, and a program that it names
 * for credentials is run. Data in it stay in memory. -1: ERROR_USAGE for what is not supported. */
int kubeconfig_read(struct access *access, const char *path, enum kubeconfig_part part,
                    struct cancel *cancel, struct error *error);

#endif
