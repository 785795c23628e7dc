// SPDX-License-Identifier: Apache-2.0
/* Whom to trust at a registry and who we are there, from a directory as docker and podman have it:
 * certs.d/HOST[:PORT]/ with *.crt, X.cert and X.key. Owned by the sink. */
#ifndef CKPTOCI_REGISTRY_TLS_FILES_H
#define CKPTOCI_REGISTRY_TLS_FILES_H

#include "base/buffer.h"
#include "base/error.h"

enum { TLS_CAS_MAX_BYTES = 4 << 20 };

struct tls_files {
    struct buffer cas; /* PEM; what the system trusts is trusted too */
    /* What the system trusts, where the environment says so, as for the curl command; NULL: curl's
     * own default. Borrowed from the environment. */
    const char *system_ca_file;
    const char *system_ca_directory; /* with OpenSSL's hashed names */
    char *certificate;               /* path of the client's; NULL: none */
    char *key;                       /* path */
};

void tls_files_init(struct tls_files *files);
void tls_files_done(struct tls_files *files);

/* `directory`: --cert-dir, which must be there; NULL: the first certs.d that has `domain`, if any.
 * -1: unreadable, no PEM, or half a client pair. */
int tls_files_find(struct tls_files *files, const char *directory, const char *domain,
                   struct error *error);

/* *cas: the certificates in the system's bundle at `path` (NULL: there is none) and then ours. The
 * caller owns what the buffer holds. */
int tls_files_join_cas(const struct tls_files *files, const char *path, struct buffer *cas,
                       struct error *error);

#endif
