// SPDX-License-Identifier: Apache-2.0
/*
 * Who we are at a registry, from the options or from the files that docker, podman and kubectl
 * write. Owned by the sink; read once, before its first request.
 */
#ifndef CKPTOCI_REGISTRY_CREDENTIALS_H
#define CKPTOCI_REGISTRY_CREDENTIALS_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "oci/reference.h"
#include "registry/registry.h"

struct credentials {
    char *username; /* NULL: there are none, and requests stay anonymous */
    char *password; /* secret */
    char *origin;   /* where they are from, for messages: "--creds" or a path */
};

/*
 * Options first, then the usual files, in the order of containers-auth.json(5), the first one with
 * an entry. None found is no error. -1: an option is wrong, a file that was named is not there, or
 * any file that is there cannot be read or understood; *credentials is then unchanged.
 */
int credentials_find(struct credentials *credentials, const struct reference *reference,
                     const struct registry_options *options, struct error *error);
void credentials_done(struct credentials *credentials);

/* Advice behind an error of a registry that does not let us in: what was tried and what to do. */
int credentials_advise(const struct credentials *credentials, const char *domain,
                       struct error *error);

#endif
