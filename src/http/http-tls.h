// SPDX-License-Identifier: Apache-2.0
/* How a transfer speaks TLS, for curl. */
#ifndef CKPTOCI_HTTP_HTTP_TLS_H
#define CKPTOCI_HTTP_HTTP_TLS_H

#include <stdbool.h>

#include <curl/curl.h>

#include "http/tls-settings.h"

/* For the next transfer. `cas`: all that are trusted, PEM; empty: curl's default, or what the
 * settings say is the system's. Everything is borrowed until the transfer is over. */
void http_set_tls(CURL *easy, const struct tls_settings *tls, bool verify,
                  const struct buffer *cas);

#endif
