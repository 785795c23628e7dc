// SPDX-License-Identifier: Apache-2.0
/*
 * One credentials file: containers-auth.json(5), docker's config.json, a Kubernetes secret of type
 * kubernetes.io/dockerconfigjson, all with one schema, or docker's old flat ~/.dockercfg.
 */
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

/*
 * A file that is changed, for login and logout: the whole of it is read, one entry put in or taken
 * out, and the file replaced at once. Everything else in it stays. On the stack of its owner.
 */
struct authfile_edit {
    char *path; /* where symbolic links lead to */
    json_t *json;
    json_t *auths; /* in json */
};

/* Whose entry: "domain" or, with a path, "domain/path". Borrowed. */
struct authfile_key {
    const char *key;
    const char *domain;
    bool has_path;
};

/* A file that is not there begins empty. */
int authfile_edit_open(struct authfile_edit *edit, const char *path, struct error *error);
void authfile_edit_done(struct authfile_edit *edit);

/* Into the credential helper that the file names, else into the file. *where: which of them, for
 * messages; free() it. */
int authfile_edit_put(struct authfile_edit *edit, const struct authfile_key *key,
                      const char *username, const char *password, struct cancel *cancel,
                      char **where, struct error *error);

/* 1: removed; 0: there was nothing. */
int authfile_edit_remove(struct authfile_edit *edit, const struct authfile_key *key,
                         struct cancel *cancel, struct error *error);
int authfile_edit_remove_all(struct authfile_edit *edit, struct cancel *cancel,
                             struct error *error);

/* Puts the file in its place, with mode 0600, whole or not at all. Its directory is made if need
 * be. */
int authfile_edit_save(struct authfile_edit *edit, struct error *error);

#endif
