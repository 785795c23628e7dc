// SPDX-License-Identifier: Apache-2.0
/*
 * Where requests go, whom to trust there, and who we are. Put together from files and options when
 * a kubelet is opened, then constant; embedded in its owner.
 */
#ifndef CKPTOCI_KUBELET_ACCESS_H
#define CKPTOCI_KUBELET_ACCESS_H

#include <stdbool.h>

#include "base/cancel.h"
#include "base/error.h"
#include "http/tls-settings.h"
#include "kubelet/kubelet.h"

#define SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

enum { TOKEN_MAX_BYTES = 64 << 10 };

struct access {
    char *server;     /* "https://HOST[:PORT][/PATH]", no slash at the end */
    char *connect_to; /* "HOST:PORT" where the URL has another name, that of the certificate */
    char *proxy;      /* URL, may be secret */
    bool tls_verify;
    struct tls_settings tls;
    char *token;  /* secret; NULL: none */
    char *source; /* where credentials came from, for messages; NULL: there are none */
};

/* Zero-initialised before; access_done() in any case. */
int access_find(struct access *access, const struct kubelet_options *options, struct cancel *cancel,
                struct error *error);
void access_done(struct access *access);

/* For whoever reads it from elsewhere; each replaces what was there. */
int access_set_server(struct access *access, const char *url, struct error *error);
/* What it was in that a URL was wrong, for the error; -1. Without the URL if it may be secret. */
int access_name_url(struct error *error, const char *what, const char *url);
/* Only these CAs are trusted then. */
int access_read_ca(struct access *access, const char *path, struct error *error);
int access_read_identity(struct access *access, const char *certificate, const char *key,
                         struct error *error);
int access_read_token(struct access *access, const char *path, struct error *error);
/* A token must fit into a header: spaces at its ends are cut off. -1: it has others. */
int access_set_token(struct access *access, const char *token, struct error *error);
void access_set_source(struct access *access, const char *source);
/* Bytes in place of what the buffer has. */
int access_put(struct buffer *buffer, const char *bytes, size_t len, struct error *error);

#endif
