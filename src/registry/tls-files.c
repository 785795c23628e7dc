// SPDX-License-Identifier: Apache-2.0
#include "registry/tls-files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { TLS_DIRECTORY_MAX_ENTRIES = 1000 };

/* The names in a directory, sorted: the first client pair wins, and which that is must not depend
 * on the file system. */
struct listing {
    struct dirent **entries;
    int count;
};

static void listing_done(struct listing *listing)
{
    for (int i = 0; i < listing->count; i++)
        free(listing->entries[i]);
    free(listing->entries);
}

static bool is_pem_certificate(const char *data, size_t len)
{
    BIO *bio = BIO_new_mem_buf(data, (int)len);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool is_one = certificate;

    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return is_one;
}

static int add_ca(struct tls_settings *settings, const char *path, struct error *error)
{
    cleanup_free char *data = NULL;
    size_t len;
    int found = file_read(path, TLS_CAS_MAX_BYTES, &data, &len, error);

    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(error, ERROR_FAILED, "read %s: there is no such file", path);
    if (!is_pem_certificate(data, len))
        return error_set(error, ERROR_FAILED, "read %s: no certificate in PEM form", path);
    if (buffer_append(&settings->cas, data, len) || buffer_append(&settings->cas, "\n", 1))
        return error_set(error, ERROR_FAILED, "read %s: more than %d bytes of certificates", path,
                         TLS_CAS_MAX_BYTES);
    return 0;
}

static int add_client_pair(struct tls_settings *settings, const char *path, struct error *error)
{
    size_t stem_len = strlen(path) - strlen(".cert");
    cleanup_free char *key = xasprintf("%.*s.key", (int)stem_len, path);

    if (access(key, F_OK) != 0)
        return error_set(error, ERROR_FAILED, "the client certificate %s has no key %s", path, key);
    if (settings->certificate) {
        log_warning("the client certificate %s is not used: %s comes first", path,
                    settings->certificate);
        return 0;
    }
    settings->certificate = xstrdup(path);
    settings->key = steal(key);
    return 0;
}

static int add_file(struct tls_settings *settings, const char *directory, const char *name,
                    struct error *error)
{
    cleanup_free char *path = xasprintf("%s/%s", directory, name);

    if (text_ends_with(name, ".crt"))
        return add_ca(settings, path, error);
    if (text_ends_with(name, ".cert"))
        return add_client_pair(settings, path, error);
    return 0;
}

/* 1: taken; 0: there is no such directory for us; -1: it is there but wrong. */
static int add_directory(struct tls_settings *settings, const char *directory, struct error *error)
{
    cleanup(listing_done) struct listing listing = {0};

    listing.count = scandir(directory, &listing.entries, NULL, alphasort);
    if (listing.count < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return 0;
    if (listing.count < 0)
        return error_set_errno(error, errno, "read %s", directory);
    if (listing.count > TLS_DIRECTORY_MAX_ENTRIES)
        return error_set(error, ERROR_FAILED, "read %s: more than %d files", directory,
                         TLS_DIRECTORY_MAX_ENTRIES);
    for (int i = 0; i < listing.count; i++)
        if (add_file(settings, directory, listing.entries[i]->d_name, error))
            return -1;
    return 1;
}

static int search_usual(struct tls_settings *settings, const char *domain, struct error *error)
{
    const char *home = getenv("HOME");
    cleanup_free char *own = xasprintf("%s/.config/containers", home ? home : "");
    const char *const places[] = {own, "/etc/containers", "/etc/docker"};
    int found = 0;

    for (size_t i = 0; i < sizeof places / sizeof *places && found == 0; i++) {
        cleanup_free char *directory = xasprintf("%s/certs.d/%s", places[i], domain);

        found = add_directory(settings, directory, error);
    }
    return found < 0 ? -1 : 0;
}

int tls_files_find(struct tls_settings *settings, const char *directory, const char *domain,
                   struct error *error)
{
    int found;

    if (!directory)
        return search_usual(settings, domain, error);
    found = add_directory(settings, directory, error);
    if (found == 0)
        return error_set(error, ERROR_USAGE, "--cert-dir: %s is no directory that can be read",
                         directory);
    return found < 0 ? -1 : 0;
}
