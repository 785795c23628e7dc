// SPDX-License-Identifier: Apache-2.0
/* One credentials file: containers-auth.json(5), docker's config.json, a Kubernetes secret of type
 * kubernetes.io/dockerconfigjson, all with one schema, or docker's old flat ~/.dockercfg. */
#ifndef CKPTOCI_REGISTRY_AUTHFILE_H
#define CKPTOCI_REGISTRY_AUTHFILE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "registry/credentials.h"

enum { AUTHFILE_MAX_BYTES = 1 << 20 };

enum authfile_schema { AUTHFILE_AUTHS, AUTHFILE_FLAT };

/*
 * The credentials for repository "domain/path". A credential helper that the file names for it is
 * asked first, then the one it names for all registries, then the entries are looked at. Of several
 * keys the longest counts: domain/path, its parents, domain; then keys as docker once wrote them,
 * "https://domain/v1/". 1: found; 0: no such file or nothing in it; -1: the file cannot be read or
 * understood, or its helper fails.
 */
int authfile_find(struct credentials *credentials, const char *path, enum authfile_schema schema,
                  const struct reference *reference, struct cancel *cancel, struct error *error);

/* The same for a file's contents, which came from `origin`. */
int authfile_find_in_text(struct credentials *credentials, const char *text, const char *origin,
                          const struct reference *reference, struct cancel *cancel,
                          struct error *error);

/* For changing a file. 1: *json is its object, secret_json_free() it; 0: there is no such file. */
int authfile_load(json_t **json, const char *path, struct error *error);

/* Whether the key of an entry stands for that registry as a whole, in one of its spellings. */
bool authfile_key_is_of(const char *key, const char *domain);

/* What a helper for all registries calls that registry. */
const char *authfile_server(const char *domain);

#endif
