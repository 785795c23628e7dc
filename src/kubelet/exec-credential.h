// SPDX-License-Identifier: Apache-2.0
/* A program that a kubeconfig names for credentials, as clouds have them (Kubernetes,
 * "Authenticating", client-go credential plugins; client.authentication.k8s.io/v1 and v1beta1). */
#ifndef CKPTOCI_KUBELET_EXEC_CREDENTIAL_H
#define CKPTOCI_KUBELET_EXEC_CREDENTIAL_H

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "kubelet/access.h"

enum {
    EXEC_CREDENTIAL_MAX_BYTES = 1 << 20, /* certificates and keys among them */
    EXEC_CREDENTIAL_TIMEOUT_MS = 2 * 60 * 1000,
    EXEC_CREDENTIAL_MAX_ARGUMENTS = 256,
};

/* Runs what the object `exec` of the kubeconfig at `path` says, without a terminal, and adds the
 * token or the certificate it gives to `access`. */
int exec_credential_get(struct access *access, const json_t *exec, const char *path,
                        struct cancel *cancel, struct error *error);

#endif
