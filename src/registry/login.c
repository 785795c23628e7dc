// SPDX-License-Identifier: Apache-2.0
#include "registry/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "http/secret.h"
#include "registry/authfile.h"
#include "registry/client.h"
#include "registry/credentials.h"

/* Takes "HOST[:PORT][/NAMESPACE]" apart; the path of the result means nothing. */
static int parse_registry(struct reference *reference, const char *registry, struct error *error)
{
    cleanup_free char *name = xasprintf("%s/x", registry);
    cleanup_free char *host = xstrndup(registry, strcspn(registry, "/"));

    /* A mere word would be a namespace on Docker Hub. */
    if (*host && !strpbrk(host, ".:") && strcmp(host, "localhost") != 0) {
        error_set(error, ERROR_USAGE, "\"%s\" is no registry", host);
        return error_advice(error, "name it as HOST[:PORT] or HOST[:PORT]/NAMESPACE; the host has "
                                   "a dot or a port, or is localhost");
    }
    if (reference_parse(reference, name, error))
        return error_advice(error, "name a registry as HOST[:PORT] or HOST[:PORT]/NAMESPACE");
    return 0;
}

int login_check_registry(const char *registry, struct error *error)
{
    cleanup(reference_done) struct reference reference = {0};

    return parse_registry(&reference, registry, error);
}

/* Whether the registry takes the user and the password. */
static int verify(const struct reference *reference, const char *username, const char *password,
                  const struct registry_options *options, struct cancel *cancel,
                  struct error *error)
{
    cleanup(secret_freep) char *creds = xasprintf("%s:%s", username, password);
    const struct reference whole = {.domain = reference->domain, .host = reference->host};
    struct registry_options with_creds = *options;
    cleanup(client_freep) struct client *client = NULL;

    with_creds.creds = creds;
    with_creds.creds_entered = true;
    if (client_open(&client, &whole, CLIENT_PULL, &with_creds, cancel, error) ||
        client_check_access(client, error))
        return -1;
    if (!client_asked_for_credentials(client))
        log_warning("%s asks for no credentials: the password was not checked", whole.domain);
    return 0;
}

/* The file that is written to. */
static int find_file(char **path, const struct registry_options *options, struct error *error)
{
    const char *named = options->authfile ? options->authfile : getenv("REGISTRY_AUTH_FILE");
    const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

    if (named && *named) {
        *path = xstrdup(named);
        return 0;
    }
    /* Whoever made the session makes it; with our rights it would be in the way. */
    if (runtime_dir && *runtime_dir && access(runtime_dir, F_OK) != 0) {
        error_set(error, ERROR_FAILED, "there is no directory %s, which $XDG_RUNTIME_DIR names",
                  runtime_dir);
        return error_advice(error, "correct or unset the variable, or name a file with --authfile");
    }
    *path = credentials_primary_file();
    return 0;
}

static struct authfile_key make_key(const char *registry, const struct reference *reference)
{
    return (struct authfile_key){.key = strchr(registry, '/') ? registry : reference->domain,
                                 .domain = reference->domain,
                                 .has_path = strchr(registry, '/')};
}

static int keep(const char *registry, const struct reference *reference, const char *username,
                const char *password, const char *path, struct cancel *cancel, char **where,
                struct error *error)
{
    const struct authfile_key key = make_key(registry, reference);
    cleanup(authfile_edit_done) struct authfile_edit edit = {0};
    cleanup_free char *place = NULL;

    if (authfile_edit_open(&edit, path, error) ||
        authfile_edit_put(&edit, &key, username, password, cancel, &place, error) ||
        authfile_edit_save(&edit, error))
        return -1;
    *where = steal(place);
    return 0;
}

int login_run(const char *registry, const char *username, const char *password,
              const struct registry_options *options, struct cancel *cancel, char **where,
              struct error *error)
{
    cleanup(reference_done) struct reference reference = {0};
    cleanup_free char *path = NULL;

    if (parse_registry(&reference, registry, error) || find_file(&path, options, error))
        return -1;
    if (verify(&reference, username, password, options, cancel, error))
        return error_context(error, "log in to %s", registry);
    if (keep(registry, &reference, username, password, path, cancel, where, error))
        return error_context(error, "keep the credentials for %s", registry);
    return 0;
}

static int remove_one(struct authfile_edit *edit, const char *registry, struct cancel *cancel,
                      struct error *error)
{
    cleanup(reference_done) struct reference reference = {0};
    struct authfile_key key;

    if (parse_registry(&reference, registry, error))
        return -1;
    key = make_key(registry, &reference);
    return authfile_edit_remove(edit, &key, cancel, error);
}

int logout_run(const char *registry, const struct registry_options *options, struct cancel *cancel,
               char **where, struct error *error)
{
    cleanup(authfile_edit_done) struct authfile_edit edit = {0};
    cleanup_free char *path = NULL;
    int removed;

    if (find_file(&path, options, error) || authfile_edit_open(&edit, path, error))
        return -1;
    removed = registry ? remove_one(&edit, registry, cancel, error)
                       : authfile_edit_remove_all(&edit, cancel, error);
    if (removed < 0)
        return -1;
    if (!removed && registry) {
        error_set(error, ERROR_FAILED, "not logged in to %s: %s has nothing for it", registry,
                  edit.path);
        return error_advice(error, "where it is in another file, name that with --authfile");
    }
    if (removed && authfile_edit_save(&edit, error))
        return -1;
    *where = xstrdup(edit.path);
    return 0;
}
