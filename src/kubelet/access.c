// SPDX-License-Identifier: Apache-2.0
#include "kubelet/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "http/secret.h"
#include "http/url.h"

void access_init(struct access *access)
{
    *access = (struct access){.tls_verify = true};
    tls_settings_init(&access->tls);
}

void access_done(struct access *access)
{
    free(access->server);
    free(access->connect_to);
    secret_free(access->proxy);
    secret_free(access->token);
    free(access->source);
    tls_settings_done(&access->tls);
}

int access_set_server(struct access *access, const char *url, struct error *error)
{
    cleanup_free char *resolved = NULL;
    size_t len;

    if (url_resolve(&resolved, url, "", error))
        return -1;
    if (strncmp(resolved, "https://", 8) != 0)
        return error_set(error, ERROR_USAGE, "it has to begin with https://");
    if (strpbrk(url, "?#"))
        return error_set(error, ERROR_USAGE, "it must not have a query or a fragment");
    len = strlen(resolved);
    while (resolved[len - 1] == '/')
        resolved[--len] = '\0';
    free(access->server);
    access->server = steal(resolved);
    return 0;
}

int access_name_url(struct error *error, const char *what, const char *url)
{
    if (strchr(url, '@')) /* a password may be before it */
        return error_context(error, "%s", what);
    return error_context(error, "%s \"%s\"", what, url);
}

int access_put(struct buffer *buffer, const char *bytes, size_t len, struct error *error)
{
    secret_clear(buffer);
    if (len == 0)
        return error_set(error, ERROR_FAILED, "it is empty");
    if (buffer_append(buffer, bytes, len))
        return error_set(error, ERROR_FAILED, "it has more than %zu bytes", buffer->max);
    return 0;
}

static int read_into(struct buffer *buffer, const char *path, struct error *error)
{
    char *data = NULL;
    size_t len = 0;
    int found = file_read(path, buffer->max, &data, &len, error), result;

    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(error, ERROR_FAILED, "read %s: there is no such file", path);
    result = access_put(buffer, data, len, error);
    explicit_bzero(data, len);
    free(data);
    return result ? error_context(error, "read %s", path) : 0;
}

int access_read_ca(struct access *access, const char *path, struct error *error)
{
    access->tls.only_cas = true;
    return read_into(&access->tls.cas, path, error);
}

int access_read_identity(struct access *access, const char *certificate, const char *key,
                         struct error *error)
{
    if (read_into(&access->tls.certificate_pem, certificate, error))
        return -1;
    return read_into(&access->tls.key_pem, key, error);
}

int access_set_token(struct access *access, const char *token, struct error *error)
{
    static const char space[] = " \t\r\n";
    size_t len;

    token += strspn(token, space);
    len = strcspn(token, space);
    if (len == 0 || token[len + strspn(token + len, space)])
        return error_set(error, ERROR_FAILED, len ? "it has more than one word" : "it is empty");
    for (size_t i = 0; i < len; i++)
        if (token[i] < '!' || token[i] > '~')
            return error_set(error, ERROR_FAILED, "it has characters that no token has");
    secret_free(access->token);
    access->token = xstrndup(token, len);
    return 0;
}

int access_read_token(struct access *access, const char *path, struct error *error)
{
    cleanup(secret_freep) char *text = NULL;
    size_t len;
    int found = file_read(path, TOKEN_MAX_BYTES, &text, &len, error);

    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(error, ERROR_FAILED, "read %s: there is no such file", path);
    return access_set_token(access, text, error) ? error_context(error, "token in %s", path) : 0;
}

void access_set_source(struct access *access, const char *source)
{
    free(access->source);
    access->source = xstrdup(source);
}
