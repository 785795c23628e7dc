// SPDX-License-Identifier: Apache-2.0
/* One credentials file: containers-auth.json(5), docker's config.json, a Kubernetes secret of type
 * kubernetes.io/dockerconfigjson, all with one schema, or docker's old flat ~/.dockercfg. */
#ifndef CKPTOCI_REGISTRY_AUTHFILE_H
#define CKPTOCI_REGISTRY_AUTHFILE_H

#include "base/error.h"
#include "registry/credentials.h"

enum { AUTHFILE_MAX_BYTES = 1 << 20 };

enum authfile_schema { AUTHFILE_AUTHS, AUTHFILE_FLAT };

/*
 * The entry for repository "domain/path", longest key first: domain/path, its parents, domain; then
 * keys as docker once wrote them, "https://domain/v1/". 1: found; 0: no such file or no entry with
 * a password; -1: the file cannot be read or understood. Credential helpers that a file names will
 * be asked here, before its entries.
 */
int authfile_find(struct credentials *credentials, const char *path, enum authfile_schema schema,
                  const struct reference *reference, struct error *error);

#endif
