// SPDX-License-Identifier: Apache-2.0
/* Whom to trust at a registry and who we are there, from a directory as docker and podman have it:
 * certs.d/HOST[:PORT]/ with *.crt, X.cert and X.key. */
#ifndef CKPTOCI_REGISTRY_TLS_FILES_H
#define CKPTOCI_REGISTRY_TLS_FILES_H

#include "base/error.h"
#include "http/tls-settings.h"

/* Adds to `settings`. `directory`: --cert-dir, which must be there; NULL: the first certs.d that
 * has `domain`, if any. -1: unreadable, no PEM, or half a client pair. */
int tls_files_find(struct tls_settings *settings, const char *directory, const char *domain,
                   struct error *error);

#endif
