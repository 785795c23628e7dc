// SPDX-License-Identifier: Apache-2.0
#include "http/tls-settings.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "http/secret.h"

enum { CA_BUNDLE_MAX_BYTES = 4 << 20 };

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* libcurl leaves these variables to the program. */
static void take_environment(struct tls_settings *settings)
{
    settings->system_ca_file = environment("CURL_CA_BUNDLE");
    if (settings->system_ca_file)
        return;
    settings->system_ca_file = environment("SSL_CERT_FILE");
    settings->system_ca_directory = environment("SSL_CERT_DIR");
}

void tls_settings_init(struct tls_settings *settings)
{
    *settings = (struct tls_settings){0};
    buffer_init(&settings->cas, TLS_CAS_MAX_BYTES);
    buffer_init(&settings->certificate_pem, TLS_IDENTITY_MAX_BYTES);
    buffer_init(&settings->key_pem, TLS_IDENTITY_MAX_BYTES);
    take_environment(settings);
}

void tls_settings_done(struct tls_settings *settings)
{
    buffer_done(&settings->cas);
    buffer_done(&settings->certificate_pem);
    secret_clear(&settings->key_pem);
    buffer_done(&settings->key_pem);
    free(settings->certificate);
    free(settings->key);
    *settings = (struct tls_settings){0};
}

int tls_settings_join_cas(const struct tls_settings *settings, const char *path, struct buffer *cas,
                          struct error *error)
{
    cleanup_free char *bundle = NULL;
    size_t len;
    int found = path ? file_read(path, CA_BUNDLE_MAX_BYTES, &bundle, &len, error) : 0;

    if (found < 0)
        return -1;
    buffer_init(cas, CA_BUNDLE_MAX_BYTES + TLS_CAS_MAX_BYTES);
    if (found)
        buffer_append(cas, bundle, len);
    buffer_append(cas, settings->cas.data, settings->cas.len);
    return 0;
}
