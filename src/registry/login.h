// SPDX-License-Identifier: Apache-2.0
/*
 * The room's other door: who we are at a registry from now on, kept where podman, skopeo and docker
 * look too (containers-auth.json(5)).
 */
#ifndef CKPTOCI_REGISTRY_LOGIN_H
#define CKPTOCI_REGISTRY_LOGIN_H

#include "base/cancel.h"
#include "base/error.h"
#include "registry/registry.h"

/* Whether that is HOST[:PORT], with /NAMESPACE behind it for a part of a registry. -1:
 * ERROR_USAGE. To be asked before the user is asked for a password. */
int login_check_registry(const char *registry, struct error *error);

/*
 * Shows the credentials to the registry and, if they are good, keeps them: in options->authfile,
 * else $REGISTRY_AUTH_FILE, else the first of the usual files, or in the credential helper that
 * this file names. options->creds is ignored. *where: the file or the helper; free() it. -1:
 * nothing was written.
 */
int login_run(const char *registry, const char *username, const char *password,
              const struct registry_options *options, struct cancel *cancel, char **where,
              struct error *error);

/* Forgets the credentials for a registry, or with NULL for all of them. *where: the file; free()
 * it. -1 also: there were none. */
int logout_run(const char *registry, const struct registry_options *options, struct cancel *cancel,
               char **where, struct error *error);

#endif
