// SPDX-License-Identifier: Apache-2.0
/*
 * Changes to a credentials file, for login and logout: the whole of it is read, one entry put in or
 * taken out, and the file replaced at once. Everything else in it stays. On the stack of its owner.
 */
#ifndef CKPTOCI_REGISTRY_AUTHFILE_EDIT_H
#define CKPTOCI_REGISTRY_AUTHFILE_EDIT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"

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
