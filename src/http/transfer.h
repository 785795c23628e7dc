// SPDX-License-Identifier: Apache-2.0
/*
 * What http.c needs for one transfer by curl: header lines, TLS, the sockets that curl has open, a
 * watch for transfers that stand still, and the meaning of a failure. Private to http.c; one
 * thread.
 */
#ifndef CKPTOCI_HTTP_TRANSFER_H
#define CKPTOCI_HTTP_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/error.h"
#include "base/memory.h"
#include "http/http.h"
#include "http/tls-settings.h"

/* The header lines of a request; headers_free() them. */
struct curl_slist *headers_new(const struct http_request *request, bool expect_continue);
/* Overwrites them first: they hold secrets. */
void headers_free(struct curl_slist *headers);
DEFINE_CLEANUP(struct curl_slist *, headers_free);

/* How the next transfer speaks TLS. `cas`: all that are trusted, PEM; empty: curl's default, or
 * the system's as the settings name them. Everything is borrowed until the transfer is over. */
void http_set_tls(CURL *easy, const struct tls_settings *tls, bool verify,
                  const struct buffer *cas);

enum { SOCKETS_MAX = 16 }; /* more than curl keeps; those beyond are not looked at */

/* The sockets of one curl handle, to learn what curl does not tell: how much the system still holds
 * for a peer that does not take it. Embedded in the handle's owner, who frees the handle first. */
struct sockets {
    int fds[SOCKETS_MAX];
    unsigned count;
};

/* From the next transfer on; to be called again after curl_easy_reset(). */
void sockets_follow(struct sockets *sockets, CURL *easy);
/* Bytes that were written and that no peer has acknowledged (tcp(7), SIOCOUTQ). Connections that
 * are only kept have none. */
int64_t sockets_unsent_bytes(const struct sockets *sockets);
/* Drops what is unsent: closing such a socket then tells the peer at once, even one that does not
 * read. */
void sockets_give_up_unsent(const struct sockets *sockets);

/* Notices that a transfer stands still. Embedded in its owner. */
struct stall {
    int64_t moved; /* bytes, both ways */
    int64_t moved_at_ms;
    int64_t passed_ms; /* the limit that was passed; 0: none was */
};

/* A transfer begins. */
void stall_begin(struct stall *stall);
/* The time until now was spent by us, not by the network. */
void stall_excuse(struct stall *stall);
/* `moved`: bytes in all until now. True: for more than limit_ms there were none; 0: no limit. */
bool stall_is_over(struct stall *stall, int64_t moved, int64_t limit_ms);

/* Why a transfer failed, in words and without secrets. `message`: curl's longer text, or empty. */
const char *http_reason(CURLcode code, const char *message);
/* Adds what may help where TLS, which was to be verified, is the reason. Always -1. */
int http_advise_tls(CURLcode code, const char *url, const struct http_advice *advice,
                    struct error *error);
enum http_failure http_classify(CURL *easy, CURLcode code);

#endif
