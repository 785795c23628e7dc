// SPDX-License-Identifier: Apache-2.0
#include "http/transfer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <openssl/crypto.h>

#include "base/clock.h"
#include "http/secret.h"

void headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *item = headers; item; item = item->next)
        OPENSSL_cleanse(item->data, strlen(item->data));
    curl_slist_free_all(headers);
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
    cleanup(secret_freep) char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*headers, line);

    if (!longer)
        abort();
    *headers = longer;
}

struct curl_slist *headers_new(const struct http_request *request, bool expect_continue)
{
    struct curl_slist *headers = NULL;

    if (request->authorization)
        add_header(&headers, "Authorization", request->authorization);
    if (request->accept)
        add_header(&headers, "Accept", request->accept);
    if (request->range_start) {
        cleanup_free char *range = xasprintf("bytes=%" PRIu64 "-", request->range_start);

        add_header(&headers, "Range", range);
    }
    /* Without a value, curl leaves the header out instead of making one up. */
    add_header(&headers, "Content-Type", request->content_type ? request->content_type : "");
    if (request->content_range)
        add_header(&headers, "Content-Range", request->content_range);
    if (!expect_continue)
        add_header(&headers, "Expect", "");
    return headers;
}

static void must(CURLcode code)
{
    if (code)
        abort();
}

#define SET(easy, option, value) must(curl_easy_setopt(easy, option, value))

static void set_blob(CURL *easy, CURLoption option, const struct buffer *bytes)
{
    struct curl_blob blob = {bytes->data, bytes->len, CURL_BLOB_NOCOPY};

    if (bytes->len)
        SET(easy, option, &blob);
}

static void set_trust(CURL *easy, const struct tls_settings *tls)
{
    if (tls->only_cas) {
        SET(easy, CURLOPT_CAINFO, NULL);
        SET(easy, CURLOPT_CAPATH, NULL);
        return;
    }
    if (tls->system_ca_file)
        SET(easy, CURLOPT_CAINFO, tls->system_ca_file);
    if (tls->system_ca_directory)
        SET(easy, CURLOPT_CAPATH, tls->system_ca_directory);
}

void http_set_tls(CURL *easy, const struct tls_settings *tls, bool verify, const struct buffer *cas)
{
    SET(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    set_trust(easy, tls);
    set_blob(easy, CURLOPT_CAINFO_BLOB, cas);
    if (tls->certificate) {
        SET(easy, CURLOPT_SSLCERT, tls->certificate);
        SET(easy, CURLOPT_SSLKEY, tls->key);
    }
    set_blob(easy, CURLOPT_SSLCERT_BLOB, &tls->certificate_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, &tls->key_pem);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sockets *sockets = context;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd >= 0 && sockets->count < SOCKETS_MAX)
        sockets->fds[sockets->count++] = fd;
    return fd;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct sockets *sockets = context;

    for (unsigned i = 0; i < sockets->count; i++) {
        if (sockets->fds[i] == fd) {
            sockets->fds[i] = sockets->fds[--sockets->count];
            break;
        }
    }
    return close(fd);
}

void sockets_follow(struct sockets *sockets, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
}

static int unsent_bytes(int fd)
{
    int bytes = 0;

    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

int64_t sockets_unsent_bytes(const struct sockets *sockets)
{
    int64_t bytes = 0;

    for (unsigned i = 0; i < sockets->count; i++)
        bytes += unsent_bytes(sockets->fds[i]);
    return bytes;
}

void sockets_give_up_unsent(const struct sockets *sockets)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    for (unsigned i = 0; i < sockets->count; i++)
        if (unsent_bytes(sockets->fds[i]) > 0)
            setsockopt(sockets->fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void stall_begin(struct stall *stall)
{
    *stall = (struct stall){.moved_at_ms = clock_monotonic_ms()};
}

void stall_excuse(struct stall *stall)
{
    stall->moved_at_ms = clock_monotonic_ms();
}

bool stall_is_over(struct stall *stall, int64_t moved, int64_t limit_ms)
{
    int64_t now = clock_monotonic_ms();

    if (moved != stall->moved) {
        stall->moved = moved;
        stall->moved_at_ms = now;
    }
    stall->passed_ms = limit_ms && now - stall->moved_at_ms > limit_ms ? limit_ms : 0;
    return stall->passed_ms != 0;
}

const char *http_reason(CURLcode code, const char *message)
{
    static const char quoting[] = "Unsupported proxy"; /* and then its URL, with the password */

    if (strncmp(message, quoting, sizeof quoting - 1) == 0)
        return "the proxy's URL is not understood";
    if (code == CURLE_SEND_FAIL_REWIND) /* curl would send the body anew, and may not */
        return "the connection ended while a body was sent";
    return *message ? message : curl_easy_strerror(code);
}

int http_advise_tls(CURLcode code, const char *url, const struct http_advice *advice,
                    struct error *error)
{
    if (strncmp(url, "http:", 5) == 0)
        return error_advice(error, "%s", advice->plain_http);
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_advice(error, "%s", advice->untrusted);
    case CURLE_SSL_CONNECT_ERROR:
        return error_advice(error, "%s", advice->handshake);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return error_advice(error, "%s", advice->files);
    default:
        return -1;
    }
}

enum http_failure http_classify(CURL *easy, CURLcode code)
{
    double connected_s = 0;

    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connected_s);
    if (code == CURLE_OPERATION_TIMEDOUT && connected_s <= 0)
        return HTTP_FAILURE_UNREACHABLE;
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return HTTP_FAILURE_REFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_FAILURE_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
        return HTTP_FAILURE_NO_TLS;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
        return HTTP_FAILURE_BROKEN;
    default:
        return HTTP_FAILURE_OTHER;
    }
}
