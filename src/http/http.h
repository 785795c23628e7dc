// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP/1.1 requests by libcurl, one after the other over connections that are kept. A struct http
 * belongs to one thread; what it says of the last response holds until the next http_send().
 *
 * It enforces what must hold whatever a server answers: with TLS verification no request leaves
 * without TLS, bodies and headers of responses have limits, and cancelling ends a transfer.
 */
#ifndef CKPTOCI_HTTP_HTTP_H
#define CKPTOCI_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/body.h"
#include "http/tls-settings.h"

enum {
    HTTP_CONNECT_TIMEOUT_S = 30,
    /* Committing, or checking all of a large body, takes the server minutes without a byte. */
    HTTP_PATIENT_TIMEOUT_MS = 30 * 60 * 1000,
    HTTP_PARTING_TIMEOUT_S = 10,   /* for all that is sent on the way out */
    HTTP_EXPECT_TIMEOUT_MS = 5000, /* a server may take Expect: 100-continue and never answer it */
    HTTP_UPLOAD_BUFFER_BYTES = 1 << 20,
    HTTP_RECEIVE_BUFFER_BYTES = 128 << 10, /* the most a receiver gets at once */
    HTTP_ANSWER_MAX_BYTES = 64 << 10,
    HTTP_HEADERS_MAX_BYTES = 256 << 10,
};

struct http;

/* What the user can do where a transfer fails; the options are those of whoever sends it. */
struct http_advice {
    const char *plain_http; /* we were sent to a place without TLS, and TLS is to be verified */
    const char *untrusted;  /* the server's certificate */
    const char *handshake;  /* TLS did not come about */
    const char *files;      /* certificates or keys that cannot be used */
    const char *stalled;    /* not a byte moved for too long */
};

/* All borrowed. */
struct http_options {
    const struct tls_settings *tls;
    const struct http_advice *advice; /* NULL: none */
    const char *proxy;                /* its URL, may be secret; NULL: as the environment says */
    const char *connect_to;           /* "HOST:PORT" to connect to; NULL: the URL's */
    struct cancel *cancel;
    bool tls_verify;          /* false: any certificate will do, and http:// is allowed */
    int64_t stall_timeout_ms; /* without a byte in either direction; 0: none */
};

/* Takes the body of a response that is too large for memory, as it comes; only of one with status
 * 200 or 206, all others go into the answer. It may block: that is not the network's silence. */
struct http_receiver {
    /* False: no more is wanted, and http_send() fails. */
    bool (*take)(struct http_receiver *receiver, int status, const void *data, size_t len);
};

/* All borrowed; NULL: none. */
struct http_request {
    const char *method;
    const char *url;
    const char *authorization; /* the header's value; secret */
    const char *accept;
    const char *content_type;
    const char *content_range;
    const void *data; /* the body, data_len bytes; may be sent more than once */
    size_t data_len;
    struct body *body;    /* or this one, streamed */
    uint64_t range_start; /* ask for the bytes from this one on only; 0: for all */
    struct http_receiver *receiver;
    size_t answer_max_bytes; /* 0: HTTP_ANSWER_MAX_BYTES; what is beyond is dropped */
    bool once;               /* not to be sent again by itself when it fails */
    bool creates;            /* the answer names what was made: once sent it is waited for a little
                                even if cancelled, so that it can be removed again */
    bool patient;            /* the server may be silent for HTTP_PATIENT_TIMEOUT_MS */
};

/* Why there was no response. */
enum http_failure {
    HTTP_FAILURE_NONE,
    HTTP_FAILURE_UNREACHABLE, /* no such host, or one that is silent */
    HTTP_FAILURE_REFUSED,     /* a host where nobody takes connections now */
    HTTP_FAILURE_NO_TLS,      /* somebody, who does not speak TLS or broke off while he did */
    HTTP_FAILURE_BROKEN,      /* no whole answer, or not in time */
    HTTP_FAILURE_OTHER,       /* trying again would not help */
};

/* Before other threads start. */
int http_global_init(struct error *error);

/* -1: the system's CA certificates or ours cannot be used. */
int http_new(struct http **http, const struct http_options *options, struct error *error);
void http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free);

/*
 * The status of the response, whatever it is; redirects are not followed. -1: no response:
 * ERROR_INTERRUPTED, ERROR_NETWORK, or the body's own error. A body goes out with Expect:
 * 100-continue (RFC 9110, section 10.1.1), so that it is often unspent where it was not wanted. One
 * of unknown size that fails or is cancelled is ended in good order, so that there is a response
 * all the same; body_finish() then has the error.
 */
int http_send(struct http *http, const struct http_request *request, struct error *error);

/* From now on requests are sent on the way out: cancelling does not stop them any more, but all of
 * them together get HTTP_PARTING_TIMEOUT_S. */
void http_set_parting(struct http *http);

enum http_failure http_failure(const struct http *http);
/* Whether the last request has failed on a connection that was there before: the other side may
 * have given that up without our knowing. */
bool http_was_kept(const struct http *http);
/* How long the response asks us to wait (Retry-After, in seconds or as a date); 0: it does not. */
int64_t http_retry_after_ms(const struct http *http);
/* The last request's URL. */
const char *http_url(const struct http *http);
/* The value of the response's index-th header of that name, NULL behind the last. */
const char *http_header(struct http *http, const char *name, size_t index);
/* What the response's body held, NUL-terminated; *len may be NULL. */
const char *http_answer(const struct http *http, size_t *len);
/* The same, to be overwritten as soon as it has been used. */
void http_clear_answer(struct http *http);

#endif
