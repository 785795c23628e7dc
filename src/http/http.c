// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "http/http.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/proxy.h"
#include "http/secret.h"
#include "http/transfer.h"
#include "http/url.h"

struct http {
    CURL *easy;
    struct http_options options;
    int64_t parting_until_ms; /* 0: not on the way out */
    struct buffer cas; /* what the system trusts and what we were given; empty: curl's default */
    struct curl_slist *connect_to;

    /* The request under way and its response. */
    const struct http_request *request;
    char *url;
    size_t data_taken; /* of request->data, where that is not to be sent twice */
    struct buffer answer;
    size_t answer_max;
    size_t headers_len;
    bool headers_end;     /* were seen to the last */
    bool answer_cut;      /* there was more than we wanted */
    int64_t ending_at_ms; /* the body has been given up, the answer is still wanted; 0: no */
    struct stall stall;
    int64_t unsent; /* bytes that the system holds for a peer who has not taken them */
    struct sockets sockets;
    enum http_failure failure;
    bool was_kept; /* the connection that failed */
    char message[CURL_ERROR_SIZE];
};

static void must(CURLcode code)
{
    if (code == CURLE_OK)
        return;
    fprintf(stderr, "ckptoci: libcurl: %s\n", curl_easy_strerror(code));
    abort();
}

#define SET(http, option, value) must(curl_easy_setopt((http)->easy, option, value))

int http_global_init(struct error *error)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code)
        return error_set(error, ERROR_FAILED, "start libcurl: %s", curl_easy_strerror(code));
    return 0;
}

int http_new(struct http **result, const struct http_options *options, struct error *error)
{
    cleanup(http_freep) struct http *http = NEW(struct http);
    const char *system_cas = options->tls->system_ca_file;

    http->options = *options;
    http->easy = curl_easy_init();
    if (!http->easy)
        return error_set(error, ERROR_FAILED, "libcurl cannot be used");
    if (options->tls->only_cas)
        system_cas = NULL;
    else if (!system_cas)
        curl_easy_getinfo(http->easy, CURLINFO_CAINFO, &system_cas);
    /* curl takes one set of CAs: the system's and ours together, or ours alone. */
    if (options->tls->cas.len && options->tls_verify &&
        tls_settings_join_cas(options->tls, system_cas, &http->cas, error))
        return -1;
    if (options->connect_to) {
        cleanup_free char *everything = xasprintf("::%s", options->connect_to);

        http->connect_to = curl_slist_append(NULL, everything);
        if (!http->connect_to)
            abort();
    }
    *result = steal(http);
    return 0;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->easy);
    curl_slist_free_all(http->connect_to);
    buffer_done(&http->cas);
    secret_clear(&http->answer);
    buffer_done(&http->answer);
    free(http->url);
    free(http);
}

static bool is_cancelled(const struct http *http)
{
    return !http->parting_until_ms && cancel_triggered(http->options.cancel);
}

/* From here on the body gets no more bytes, and the server HTTP_PARTING_TIMEOUT_S for its answer.
 */
static void end_body_early(struct http *http)
{
    if (!http->ending_at_ms)
        http->ending_at_ms = clock_monotonic_ms();
}

static size_t read_body(char *to, size_t size, size_t count, void *context)
{
    struct http *http = context;
    struct body *body = http->request->body;
    ssize_t len = cancel_check(http->options.cancel, &body->error);

    if (len == 0)
        len = body_read(body, to, size * count);
    stall_excuse(&http->stall);
    if (len >= 0)
        return (size_t)len;
    if (body->size >= 0)
        return CURL_READFUNC_ABORT;
    end_body_early(http);
    return 0;
}

static size_t read_data(char *to, size_t size, size_t count, void *context)
{
    struct http *http = context;
    size_t rest = http->request->data_len - http->data_taken;
    size_t len = size * count < rest ? size * count : rest;

    memcpy(to, (const char *)http->request->data + http->data_taken, len);
    http->data_taken += len;
    return len;
}

static int rewind_body(void *context, curl_off_t offset, int origin)
{
    const struct http *http = context;
    const struct body *body = http->request->body;

    /* curl would send it again by itself where a kept connection breaks, into an upload that has a
     * part of it already. Whoever sent it knows how to go on. */
    if (origin != SEEK_SET || offset != 0 || http->data_taken > 0 || (body && body->taken > 0))
        return CURL_SEEKFUNC_FAIL;
    return CURL_SEEKFUNC_OK;
}

/* Whether the receiver wants more; *taken is whether it was its business at all. */
static bool pass_to_receiver(struct http *http, const void *data, size_t len, bool *taken)
{
    struct http_receiver *receiver = http->request->receiver;
    long status = 0;
    bool more;

    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    *taken = receiver && (status == 200 || status == 206);
    if (!*taken)
        return true;
    more = receiver->take(receiver, (int)status, data, len);
    stall_excuse(&http->stall);
    return more;
}

static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
    struct http *http = context;
    size_t len = size * count, room = http->answer_max - http->answer.len;
    bool taken;

    if (!pass_to_receiver(http, data, len, &taken))
        return 0;
    if (taken)
        return len;

    http->answer_cut = len > room;
    buffer_append(&http->answer, data, len < room ? len : room);
    return len < room ? len : room;
}

/* curl keeps the headers for curl_easy_header(), but takes a connection that ends among them for
 * their end. */
static size_t watch_headers(char *data, size_t size, size_t count, void *context)
{
    struct http *http = context;

    if (size * count >= 5 && memcmp(data, "HTTP/", 5) == 0)
        http->headers_end = false;
    else if (size * count <= 2) /* the empty line */
        http->headers_end = true;
    http->headers_len += size * count;
    return http->headers_len > HTTP_HEADERS_MAX_BYTES ? 0 : size * count;
}

static bool is_body_sent(const struct http *http)
{
    const struct body *body = http->request->body;

    return body && body_is_spent(body) && http->unsent == 0;
}

/* How long the server may now be silent; 0: for ever. */
static int64_t idle_limit_ms(const struct http *http)
{
    int64_t limit_ms = http->options.stall_timeout_ms;

    /* It may have to digest all of a large body before it answers. */
    if (limit_ms && limit_ms < HTTP_PATIENT_TIMEOUT_MS &&
        (http->request->patient || is_body_sent(http)))
        return HTTP_PATIENT_TIMEOUT_MS;
    return limit_ms;
}

/* Whether a body can be stopped such that the server still gets a whole request. */
static bool can_end_early(const struct body *body)
{
    return body && body->taken > 0 && (body->size < 0 || body_is_spent(body));
}

/* Whether a request has gone out that must not be given up without knowing what came of it. */
static bool waits_for_answer(const struct http *http)
{
    long sent = 0;

    curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &sent);
    return http->request->creates && sent > 0;
}

/* Whether it is time to give up because somebody else wants us to. */
static bool is_stopped(struct http *http)
{
    if (!http->ending_at_ms && is_cancelled(http)) {
        if (!can_end_early(http->request->body) && !waits_for_answer(http))
            return true;
        end_body_early(http);
    }
    return http->ending_at_ms &&
           clock_monotonic_ms() - http->ending_at_ms > HTTP_PARTING_TIMEOUT_S * 1000;
}

/* curl calls this at least about once a second. Not 0: give up. */
static int watch(void *context, curl_off_t download_total, curl_off_t downloaded,
                 curl_off_t upload_total, curl_off_t uploaded)
{
    struct http *http = context;

    (void)download_total;
    (void)upload_total;
    http->unsent = sockets_unsent_bytes(&http->sockets);
    if (!is_stopped(http) &&
        !stall_is_over(&http->stall, downloaded + uploaded - http->unsent, idle_limit_ms(http)))
        return 0;
    sockets_give_up_unsent(&http->sockets);
    return 1;
}

static void set_connection(struct http *http)
{
    const struct http_options *options = &http->options;

    sockets_follow(&http->sockets, http->easy);
    SET(http, CURLOPT_NOSIGNAL, 1L);
    SET(http, CURLOPT_USERAGENT, "ckptoci/" PACKAGE_VERSION);
    SET(http, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(http, CURLOPT_PROTOCOLS_STR, options->tls_verify ? "https" : "http,https");
    SET(http, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_TIMEOUT_S);
    if (http->parting_until_ms) {
        int64_t left_ms = http->parting_until_ms - clock_monotonic_ms();

        SET(http, CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
    }
    SET(http, CURLOPT_TCP_KEEPALIVE, 1L);
    if (options->proxy)
        SET(http, CURLOPT_PROXY, options->proxy);
    else if (proxy_is_bypassed(http->url))
        SET(http, CURLOPT_PROXY, "");
    SET(http, CURLOPT_CONNECT_TO, http->connect_to);
    http_set_tls(http->easy, options->tls, options->tls_verify, &http->cas);
}

static void set_callbacks(struct http *http)
{
    SET(http, CURLOPT_ERRORBUFFER, http->message);
    SET(http, CURLOPT_WRITEFUNCTION, take_answer);
    SET(http, CURLOPT_WRITEDATA, http);
    if (http->request->receiver)
        SET(http, CURLOPT_BUFFERSIZE, (long)HTTP_RECEIVE_BUFFER_BYTES);
    SET(http, CURLOPT_HEADERFUNCTION, watch_headers);
    SET(http, CURLOPT_HEADERDATA, http);
    SET(http, CURLOPT_NOPROGRESS, 0L);
    SET(http, CURLOPT_XFERINFOFUNCTION, watch);
    SET(http, CURLOPT_XFERINFODATA, http);
}

static void set_upload(struct http *http, curl_off_t size, curl_read_callback read)
{
    SET(http, CURLOPT_UPLOAD, 1L);
    SET(http, CURLOPT_INFILESIZE_LARGE, size);
    SET(http, CURLOPT_READFUNCTION, read);
    SET(http, CURLOPT_READDATA, http);
    SET(http, CURLOPT_SEEKFUNCTION, rewind_body);
    SET(http, CURLOPT_SEEKDATA, http);
    SET(http, CURLOPT_UPLOAD_BUFFERSIZE, (long)HTTP_UPLOAD_BUFFER_BYTES);
    SET(http, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)HTTP_EXPECT_TIMEOUT_MS);
}

static void set_body(struct http *http)
{
    const struct http_request *request = http->request;

    if (request->body) {
        set_upload(http, (curl_off_t)request->body->size, read_body);
    } else if (request->data && request->once) {
        set_upload(http, (curl_off_t)request->data_len, read_data);
    } else if (strcmp(request->method, "HEAD") == 0) {
        SET(http, CURLOPT_NOBODY, 1L);
    } else if (request->data || strcmp(request->method, "POST") == 0 ||
               strcmp(request->method, "PUT") == 0) {
        /* Even an empty body has a Content-Length: some registries answer 411 without. */
        SET(http, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->data_len);
        SET(http, CURLOPT_POSTFIELDS, request->data ? request->data : "");
    }
    SET(http, CURLOPT_CUSTOMREQUEST, request->method);
}

static void begin(struct http *http, const struct http_request *request)
{
    http->request = request;
    free(http->url);
    http->url = xstrdup(request->url);
    secret_clear(&http->answer);
    http->answer_max =
        request->answer_max_bytes ? request->answer_max_bytes : HTTP_ANSWER_MAX_BYTES;
    http->answer.max = http->answer_max;
    http->answer_cut = false;
    http->data_taken = 0;
    http->headers_len = 0;
    http->headers_end = false;
    http->ending_at_ms = 0;
    http->unsent = 0;
    stall_begin(&http->stall);
    http->failure = HTTP_FAILURE_NONE;
    http->was_kept = false;
    http->message[0] = '\0';
}

static int explain_stall(struct http *http, const char *origin, struct error *error)
{
    bool sending = http->request->body && !is_body_sent(http);

    http->failure = HTTP_FAILURE_BROKEN;
    error_set(error, ERROR_NETWORK, "%s: not a byte moved for %g seconds, %s", origin,
              (double)http->stall.passed_ms / 1000,
              sending ? "while sending" : "while waiting for the answer");
    return http->options.advice ? error_advice(error, "%s", http->options.advice->stalled) : -1;
}

static int explain(struct http *http, CURLcode code, struct error *error)
{
    const struct http_request *request = http->request;
    const char *reason = http_reason(code, http->message);
    cleanup_free char *origin = NULL;
    long errnum = 0, connects = 0;

    http->failure = HTTP_FAILURE_OTHER;
    if (request->body && request->body->error.kind != ERROR_NONE) {
        *error = request->body->error;
        return -1;
    }
    if (is_cancelled(http))
        return cancel_check(http->options.cancel, error);
    origin = url_origin(http->url);
    if (http->stall.passed_ms)
        return explain_stall(http, origin, error);
    if (http->headers_len > HTTP_HEADERS_MAX_BYTES)
        return error_set(error, ERROR_FAILED, "%s: more than %d bytes of headers in the answer",
                         origin, HTTP_HEADERS_MAX_BYTES);
    http->failure = http_classify(http->easy, code);
    curl_easy_getinfo(http->easy, CURLINFO_NUM_CONNECTS, &connects);
    /* To send a body again over another connection, curl wants to rewind it. */
    http->was_kept = (connects == 0 || code == CURLE_SEND_FAIL_REWIND) && http->headers_len == 0;
    if (code == CURLE_COULDNT_CONNECT) /* curl leaves the reason out */
        curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &errnum);
    error_set(error, ERROR_NETWORK, "%s: %s%s%s", origin, reason, errnum ? ": " : "",
              errnum ? strerrordesc_np((int)errnum) : "");
    if (http->options.tls_verify && http->options.advice)
        http_advise_tls(code, http->url, http->options.advice, error);
    return -1;
}

/* Whether the transfer broke in such a way that what came before is still an answer. */
static bool is_answered(const struct http *http, CURLcode code, long status)
{
    if (!http->headers_end)
        return false;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && http->answer_cut))
        return true;
    /* A server that does not want the rest of a body answers and closes at once. */
    return status >= 400 &&
           (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE);
}

static int perform(struct http *http, const struct http_request *request, bool expect_continue,
                   struct error *error)
{
    cleanup(headers_freep) struct curl_slist *headers = headers_new(request, expect_continue);
    CURLcode code;
    long status = 0;

    begin(http, request);
    curl_easy_reset(http->easy);
    set_connection(http);
    set_callbacks(http);
    set_body(http);
    SET(http, CURLOPT_URL, http->url);
    SET(http, CURLOPT_HTTPHEADER, headers);
    code = curl_easy_perform(http->easy);
    if (code == CURLE_OK && !http->headers_end)
        code = CURLE_RECV_ERROR;
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    SET(http, CURLOPT_HTTPHEADER, NULL);
    if (!is_answered(http, code, status))
        status = explain(http, code, error);
    http->request = NULL;
    return (int)status;
}

int http_send(struct http *http, const struct http_request *request, struct error *error)
{
    int status = perform(http, request, request->body != NULL, error);

    /* A server or proxy that cannot do 100-continue. */
    if (status == 417 && request->body && body_rewind(request->body, error) == 0)
        status = perform(http, request, false, error);
    return status;
}

void http_set_parting(struct http *http)
{
    if (!http->parting_until_ms)
        http->parting_until_ms = clock_monotonic_ms() + HTTP_PARTING_TIMEOUT_S * 1000;
}

enum http_failure http_failure(const struct http *http)
{
    return http->failure;
}

bool http_was_kept(const struct http *http)
{
    return http->was_kept;
}

int64_t http_retry_after_ms(const struct http *http)
{
    curl_off_t seconds = 0;

    curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &seconds);
    return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}

const char *http_url(const struct http *http)
{
    return http->url;
}

const char *http_header(struct http *http, const char *name, size_t index)
{
    struct curl_header *header;

    if (curl_easy_header(http->easy, name, index, CURLH_HEADER, -1, &header))
        return NULL;
    return header->value;
}

const char *http_answer(const struct http *http, size_t *len)
{
    if (len)
        *len = http->answer.len;
    return http->answer.data ? http->answer.data : "";
}

void http_clear_answer(struct http *http)
{
    secret_clear(&http->answer);
}
