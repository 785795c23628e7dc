// SPDX-License-Identifier: Apache-2.0
/* Whom we trust and who we are with TLS. Filled in from files and options, then constant; embedded
 * in its owner, who outlives every struct http made with it. */
#ifndef CKPTOCI_HTTP_TLS_SETTINGS_H
#define CKPTOCI_HTTP_TLS_SETTINGS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

enum { TLS_CAS_MAX_BYTES = 4 << 20, TLS_IDENTITY_MAX_BYTES = 1 << 20 };

struct tls_settings {
    struct buffer cas; /* PEM */
    bool only_cas;     /* else what the system trusts is trusted, too */
    /* What the system trusts, where the environment says so, as for the curl command; NULL: curl's
     * own default. Borrowed from the environment. */
    const char *system_ca_file;
    const char *system_ca_directory; /* with OpenSSL's hashed names */
    /* The client's, in files; NULL: none. */
    char *certificate;
    char *key;
    /* Or in memory, PEM; empty: none. */
    struct buffer certificate_pem;
    struct buffer key_pem; /* secret */
};

void tls_settings_init(struct tls_settings *settings);
void tls_settings_done(struct tls_settings *settings);

/* *cas: the certificates in the system's bundle at `path` (NULL: there is none) and then ours. The
 * caller owns what the buffer holds. */
int tls_settings_join_cas(const struct tls_settings *settings, const char *path, struct buffer *cas,
                          struct error *error);

#endif
