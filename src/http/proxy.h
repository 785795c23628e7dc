// SPDX-License-Identifier: Apache-2.0
/*
 * When a proxy that the environment names is not asked. Programs in Go, as skopeo, podman and
 * docker are, read no_proxy in other ways than curl does (golang.org/x/net/http/httpproxy); an
 * entry that counts for either of them counts here. Pure, but for the environment that
 * proxy_is_bypassed() reads.
 */
#ifndef CKPTOCI_HTTP_PROXY_H
#define CKPTOCI_HTTP_PROXY_H

#include <stdbool.h>

enum { NO_PROXY_ENTRY_MAX_LEN = 300 }; /* a host's name has 253; longer entries are none */

/* Whether the host is this very machine, which a proxy would take for itself: "localhost", or an
 * address of the loopback. IPv6 addresses may be in brackets. */
bool proxy_is_loopback(const char *host);

/*
 * Whether the list has an entry for that host and port. Entries stand between commas: a host, which
 * also stands for all below it; ".domain" or "*.domain", for those below alone; an address, or all
 * of a network as in 10.0.0.0/8; each but the last may have ":PORT" behind it. "*" is for
 * everything.
 */
bool proxy_lists(const char *no_proxy, const char *host, const char *port);

/* Whether a request to the URL goes there directly: to the loopback, or to what $no_proxy or
 * $NO_PROXY lists. False: curl decides. */
bool proxy_is_bypassed(const char *url);

#endif
