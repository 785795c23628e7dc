// SPDX-License-Identifier: Apache-2.0
/*
 * The sockets that curl has open for one handle, for what it does not tell of them: how much the
 * system still holds for a peer who does not take it. Embedded in the handle's owner, who frees the
 * handle first; one thread.
 */
#ifndef CKPTOCI_HTTP_SOCKETS_H
#define CKPTOCI_HTTP_SOCKETS_H

#include <stdint.h>

#include <curl/curl.h>

enum { SOCKETS_MAX = 16 }; /* more than curl keeps; those beyond are not looked at */

struct sockets {
    int fds[SOCKETS_MAX];
    unsigned count;
};

/* From the next transfer on; to be called again after curl_easy_reset(). */
void sockets_follow(struct sockets *sockets, CURL *easy);
/* Bytes that were written and that no peer has acknowledged (tcp(7), SIOCOUTQ). Connections that
 * are only kept have none. */
int64_t sockets_unsent_bytes(const struct sockets *sockets);
/* What is unsent is not wanted any more: closing such a socket tells the peer at once, even one
 * that does not read. */
void sockets_give_up_unsent(const struct sockets *sockets);

#endif
