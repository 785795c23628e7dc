// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "base/memory.h"

DEFINE_CLEANUP(CURLU *, curl_url_cleanup);
DEFINE_CLEANUP(char *, curl_free);

static CURLU *new_handle(void)
{
    CURLU *handle = curl_url();

    if (!handle)
        abort();
    return handle;
}

static int set_url(CURLU *handle, const char *url, struct error *error)
{
    CURLUcode code;

    if (strlen(url) > URL_MAX_LEN)
        return error_set(error, ERROR_FAILED, "wrong URL: more than %d bytes", URL_MAX_LEN);
    code = curl_url_set(handle, CURLUPART_URL, url, CURLU_URLENCODE | CURLU_DISALLOW_USER);
    if (code) /* its text is not shown: it may hold secrets */
        return error_set(error, ERROR_FAILED, "wrong URL: %s", curl_url_strerror(code));
    return 0;
}

/* NULL where the URL has no such part. */
static char *get_part(CURLU *handle, CURLUPart part, unsigned int flags)
{
    cleanup(curl_freep) char *text = NULL;

    if (curl_url_get(handle, part, &text, flags))
        return NULL;
    return xstrdup(text);
}

static bool is_http(CURLU *handle)
{
    cleanup_free char *scheme = get_part(handle, CURLUPART_SCHEME, 0);

    return scheme && (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0);
}

static int get_http_url(char **url, CURLU *handle, struct error *error)
{
    char *text;

    if (!is_http(handle))
        return error_set(error, ERROR_FAILED, "wrong URL: neither http nor https");
    text = get_part(handle, CURLUPART_URL, 0);
    if (!text)
        return error_set(error, ERROR_FAILED, "wrong URL");
    *url = text;
    return 0;
}

/* "registry.example.com/v2/..." is meant to start with a host, although RFC 3986 sees a path. */
static bool starts_with_host(const char *location)
{
    size_t len = strcspn(location, "/?#");

    if (location[len] != '/' || strstr(location, "://"))
        return false;
    if (strspn(location, ".") >= len)
        return false;
    return memchr(location, '.', len) || memchr(location, ':', len) ||
           (len == strlen("localhost") && strncmp(location, "localhost", len) == 0);
}

/* Where we came by TLS, a proxy in front of a server that knows nothing of it may have taken it
 * off: the server then names itself with http. Nobody means that we go on in the clear. */
static void keep_tls(CURLU *handle, const char *base)
{
    cleanup(curl_url_cleanupp) CURLU *asked = new_handle();
    cleanup_free char *scheme = get_part(handle, CURLUPART_SCHEME, 0);
    cleanup_free char *host = get_part(handle, CURLUPART_HOST, 0);
    cleanup_free char *port = get_part(handle, CURLUPART_PORT, 0);
    cleanup_free char *asked_host = NULL, *asked_port = NULL;
    bool has_default = !port || strcmp(port, "80") == 0;
    struct error ignored;

    if (!scheme || !host || strcmp(scheme, "http") != 0 || set_url(asked, base, &ignored))
        return;
    free(scheme);
    scheme = get_part(asked, CURLUPART_SCHEME, 0);
    asked_host = get_part(asked, CURLUPART_HOST, 0);
    asked_port = get_part(asked, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (strcmp(scheme, "https") != 0 || strcasecmp(host, asked_host) != 0 ||
        strcmp(has_default ? "443" : port, asked_port) != 0)
        return;
    curl_url_set(handle, CURLUPART_PORT, NULL, 0);
    curl_url_set(handle, CURLUPART_SCHEME, "https", 0);
    curl_url_set(handle, CURLUPART_PORT, has_default ? NULL : port, 0);
}

int url_resolve(char **url, const char *base, const char *location, struct error *error)
{
    cleanup(curl_url_cleanupp) CURLU *handle = new_handle();
    cleanup_free char *with_slashes = NULL;

    if (set_url(handle, base, error))
        return -1;
    if (starts_with_host(location))
        location = with_slashes = xasprintf("//%s", location);
    if (set_url(handle, location, error))
        return -1;
    keep_tls(handle, base);
    return get_http_url(url, handle, error);
}

int url_add_query(char **result, const char *url, const char *name, const char *value,
                  struct error *error)
{
    cleanup(curl_url_cleanupp) CURLU *handle = new_handle();
    cleanup_free char *parameter = xasprintf("%s=%s", name, value);

    if (set_url(handle, url, error))
        return -1;
    /* With CURLU_URLENCODE, all but the first "=" is encoded. */
    if (curl_url_set(handle, CURLUPART_QUERY, parameter, CURLU_APPENDQUERY | CURLU_URLENCODE))
        return error_set(error, ERROR_FAILED, "wrong URL: nothing can be added to its query");
    return get_http_url(result, handle, error);
}

int url_replace_host(char **renamed, char **address, const char *url, const char *host,
                     struct error *error)
{
    cleanup(curl_url_cleanupp) CURLU *handle = new_handle();
    cleanup_free char *old_host = NULL, *port = NULL;

    if (set_url(handle, url, error))
        return -1;
    old_host = get_part(handle, CURLUPART_HOST, 0);
    port = get_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!old_host || !port || curl_url_set(handle, CURLUPART_HOST, host, 0))
        return error_set(error, ERROR_FAILED, "wrong host \"%s\"", host);
    if (get_http_url(renamed, handle, error))
        return -1;
    *address = xasprintf("%s:%s", old_host, port);
    return 0;
}

int url_find_host(char **ret_host, char **ret_port, const char *url)
{
    cleanup(curl_url_cleanupp) CURLU *handle = new_handle();
    cleanup_free char *host = NULL, *port = NULL;
    struct error ignored;

    if (set_url(handle, url, &ignored))
        return -1;
    host = get_part(handle, CURLUPART_HOST, 0);
    port = get_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!host || !port)
        return -1;
    *ret_host = steal(host);
    *ret_port = steal(port);
    return 0;
}

char *url_encode(const char *text)
{
    char *encoded = curl_easy_escape(NULL, text, 0), *copy;

    if (!encoded)
        abort();
    copy = xstrdup(encoded);
    OPENSSL_cleanse(encoded, strlen(encoded));
    curl_free(encoded);
    return copy;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    cleanup_free char *a_text = get_part(a, part, CURLU_DEFAULT_PORT);
    cleanup_free char *b_text = get_part(b, part, CURLU_DEFAULT_PORT);

    return a_text && b_text && strcasecmp(a_text, b_text) == 0;
}

bool url_same_origin(const char *a, const char *b)
{
    cleanup(curl_url_cleanupp) CURLU *a_handle = new_handle();
    cleanup(curl_url_cleanupp) CURLU *b_handle = new_handle();
    struct error ignored;

    return set_url(a_handle, a, &ignored) == 0 && set_url(b_handle, b, &ignored) == 0 &&
           same_part(a_handle, b_handle, CURLUPART_SCHEME) &&
           same_part(a_handle, b_handle, CURLUPART_HOST) &&
           same_part(a_handle, b_handle, CURLUPART_PORT);
}

char *url_origin(const char *url)
{
    cleanup(curl_url_cleanupp) CURLU *handle = new_handle();
    cleanup_free char *scheme = NULL, *host = NULL, *port = NULL;
    struct error ignored;

    if (set_url(handle, url, &ignored))
        return xstrdup("(not a URL)");
    scheme = get_part(handle, CURLUPART_SCHEME, 0);
    host = get_part(handle, CURLUPART_HOST, 0);
    port = get_part(handle, CURLUPART_PORT, 0);
    return xasprintf("%s://%s%s%s", scheme ? scheme : "", host ? host : "", port ? ":" : "",
                     port ? port : "");
}
