// SPDX-License-Identifier: Apache-2.0
/*
 * Where requests go, whom to trust there, and who we are. Put together from files and options when
 * a kubelet is opened, then constant; embedded in its owner.
 */
#ifndef CKPTOCI_KUBELET_ACCESS_H
#define CKPTOCI_KUBELET_ACCESS_H

#include <stdbool.h>

#include "base/error.h"
#include "http/tls-settings.h"

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

void access_init(struct access *access);
/* Also of one that is zero-initialised. */
void access_done(struct access *access);

/* Each replaces what was there. */
int access_set_server(struct access *access, const char *url, struct error *error);
/* Adds to the error what the URL was given in, and the URL unless it may be secret. Always -1. */
int access_name_url(struct error *error, const char *what, const char *url);
/* From then on only these CAs are trusted. */
int access_read_ca(struct access *access, const char *path, struct error *error);
int access_read_identity(struct access *access, const char *certificate, const char *key,
                         struct error *error);
int access_read_token(struct access *access, const char *path, struct error *error);
/* Cuts off spaces at both ends. -1: what is left does not fit into a header. */
int access_set_token(struct access *access, const char *token, struct error *error);
void access_set_source(struct access *access, const char *source);
/* -1: there are no bytes, or too many for the buffer. */
int access_put(struct buffer *buffer, const char *bytes, size_t len, struct error *error);

#endif
