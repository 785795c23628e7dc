// SPDX-License-Identifier: Apache-2.0
#include "registry/authfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/tmpfile.h"
#include "http/secret.h"

enum { JSON_STYLE = JSON_INDENT(4) };

static const char advice[] = "name another file with --authfile";

static int parse(json_t **result, const char *text, size_t len, const char *origin,
                 struct error *error)
{
    json_error_t reason = {0};
    /* podman's secrets and touch(1) leave empty files. */
    cleanup(secret_json_freep) json_t *json =
        len ? json_loadb(text, len, 0, &reason) : json_object();

    if (!json) /* reason.text quotes the file, secrets and all */
        return error_set(error, ERROR_FAILED, "read %s: not JSON, from line %d column %d on",
                         origin, reason.line, reason.column);
    if (!json_is_object(json))
        return error_set(error, ERROR_FAILED, "read %s: not a JSON object", origin);
    *result = steal(json);
    return 1;
}

/* 1: *json is the file's object, secret_json_free() it; 0: there is no such file. */
static int load(json_t **json, const char *path, struct error *error)
{
    char *text;
    size_t len;
    int found = file_read(path, AUTHFILE_MAX_BYTES, &text, &len, error);

    if (found <= 0)
        return found;
    found = parse(json, text, len, path, error);
    OPENSSL_cleanse(text, len);
    free(text);
    return found;
}

static const char *hub_name(const char *registry)
{
    if (strcmp(registry, "docker.io") == 0 || strcmp(registry, "registry-1.docker.io") == 0)
        return "index.docker.io";
    return registry;
}

/* Whether the key stands for that registry, where docker login wrote the URL it was given. */
static bool is_key_of(const char *key, enum authfile_schema schema, const char *domain)
{
    cleanup_free char *registry = NULL;
    const char *host = key;

    if (strncmp(key, "https://", 8) == 0)
        host = key + 8;
    else if (strncmp(key, "http://", 7) == 0)
        host = key + 7;
    /* Without a scheme, a path in the key is a repository: it only counts as it stands. */
    if (host == key && schema == AUTHFILE_AUTHS && !text_ends_with(key, "/v1/") &&
        !text_ends_with(key, "/v2/"))
        registry = xstrdup(key);
    else
        registry = xstrndup(host, strcspn(host, "/"));
    return strcmp(hub_name(registry), hub_name(domain)) == 0;
}

/* What a helper for all registries calls that registry. */
static const char *helper_server(const char *domain)
{
    return strcmp(domain, "docker.io") == 0 ? "https://index.docker.io/v1/" : domain;
}

static const char *find_by_registry(json_t *auths, enum authfile_schema schema, const char *domain)
{
    const char *key;
    json_t *value;

    json_object_foreach(auths, key, value) if (is_key_of(key, schema, domain)) return key;
    return NULL;
}

/* The key of the best entry, NULL for none. It lives as long as `auths`. */
static const char *find_key(json_t *auths, enum authfile_schema schema,
                            const struct reference *reference)
{
    cleanup_free char *name = xasprintf("%s/%s", reference->domain, reference->path);

    for (char *slash = name + strlen(name); slash; slash = strrchr(name, '/')) {
        void *at;

        *slash = '\0';
        at = json_object_iter_at(auths, name);
        if (at)
            return json_object_iter_key(at);
    }
    return find_by_registry(auths, schema, reference->domain);
}

static int read_pair(struct credentials *credentials, const char *auth, struct error *error)
{
    size_t len;
    cleanup(secret_freep) char *pair = secret_base64_decode(auth, &len);
    const char *colon = pair ? strchr(pair, ':') : NULL;

    if (!colon)
        return error_set(error, ERROR_FAILED,
                         "\"auth\" is not base64 of a user name, \":\" and a password");
    credentials->username = xstrndup(pair, (size_t)(colon - pair));
    credentials->password = xstrdup(colon + 1);
    return 0;
}

/* 1: there is something that lets us in. */
static int read_entry(struct credentials *credentials, const json_t *entry, struct error *error)
{
    const char *auth = json_get_nonempty(entry, "auth");
    const char *username = json_get_nonempty(entry, "username");
    const char *password = json_get_text(entry, "password");

    if (auth && read_pair(credentials, auth, error))
        return -1;
    credentials->identity_token = json_copy_nonempty(entry, "identitytoken");
    credentials->registry_token = json_copy_nonempty(entry, "registrytoken");
    if (!auth && username && (password || credentials->identity_token)) {
        credentials->username = xstrdup(username);
        credentials->password = xstrdup(password ? password : "");
    }
    return credentials->username || credentials->identity_token || credentials->registry_token;
}

static int find_entry(struct credentials *credentials, json_t *auths, const char *origin,
                      enum authfile_schema schema, const struct reference *reference,
                      struct error *error)
{
    const char *key;
    int found;

    if (auths && !json_is_object(auths) && !json_is_null(auths))
        return error_set(error, ERROR_FAILED, "read %s: \"auths\" is not an object", origin);
    key = find_key(auths, schema, reference);
    if (!key)
        return 0;
    found = read_entry(credentials, json_object_get(auths, key), error);
    if (found < 0)
        return error_context(error, "read %s: the entry \"%s\"", origin, key);
    if (found)
        credentials->origin = xstrdup(origin);
    return found;
}

static int ask_helper(struct credentials *credentials, const char *name, const char *server,
                      const char *origin, struct cancel *cancel, struct error *error)
{
    int found = credential_helper_get(credentials, name, server, cancel, error);
    char *helper = credentials->origin;

    if (found < 0)
        return error_context(error, "%s has a credential helper", origin);
    if (found) {
        credentials->origin = xasprintf("%s, named in %s", helper, origin);
        free(helper);
    }
    return found;
}

static int find_by_helper(struct credentials *credentials, const json_t *json, const char *origin,
                          const struct reference *reference, struct cancel *cancel,
                          struct error *error)
{
    json_t *helpers = json_object_get(json, "credHelpers");
    const char *key = find_key(helpers, AUTHFILE_AUTHS, reference);
    const char *store = json_get_nonempty(json, "credsStore");
    int found = 0;

    if (key) {
        const char *name = json_get_nonempty(helpers, key);

        if (!name) /* docker: this registry is to have none */
            return 0;
        found = ask_helper(credentials, name, key, origin, cancel, error);
    }
    if (found == 0 && store)
        found =
            ask_helper(credentials, store, helper_server(reference->domain), origin, cancel, error);
    return found;
}

static int find_in_json(struct credentials *credentials, json_t *json, const char *origin,
                        const struct reference *reference, struct cancel *cancel,
                        struct error *error)
{
    int found = find_by_helper(credentials, json, origin, reference, cancel, error);

    if (found == 0)
        found = find_entry(credentials, json_object_get(json, "auths"), origin, AUTHFILE_AUTHS,
                           reference, error);
    return found;
}

int authfile_find(struct credentials *credentials, const char *path, enum authfile_schema schema,
                  const struct reference *reference, struct cancel *cancel, struct error *error)
{
    cleanup(secret_json_freep) json_t *json = NULL;
    int found = load(&json, path, error);

    if (found <= 0)
        return found;
    if (schema == AUTHFILE_FLAT)
        return find_entry(credentials, json, path, schema, reference, error);
    return find_in_json(credentials, json, path, reference, cancel, error);
}

int authfile_find_in_text(struct credentials *credentials, const char *text, const char *origin,
                          const struct reference *reference, struct cancel *cancel,
                          struct error *error)
{
    cleanup(secret_json_freep) json_t *json = NULL;

    if (strlen(text) > AUTHFILE_MAX_BYTES)
        return error_set(error, ERROR_FAILED, "read %s: it has more than %d bytes", origin,
                         AUTHFILE_MAX_BYTES);
    if (parse(&json, text, strlen(text), origin, error) < 0)
        return -1;
    return find_in_json(credentials, json, origin, reference, cancel, error);
}

int authfile_edit_open(struct authfile_edit *edit, const char *path, struct error *error)
{
    char *real = realpath(path, NULL);

    *edit = (struct authfile_edit){.path = real ? real : xstrdup(path)};
    if (load(&edit->json, edit->path, error) < 0)
        return -1;
    if (!edit->json)
        edit->json = json_object();
    edit->auths = json_object_get(edit->json, "auths");
    if (!edit->auths || json_is_null(edit->auths)) {
        edit->auths = json_object();
        json_object_set_new(edit->json, "auths", edit->auths);
    }
    if (!json_is_object(edit->auths))
        return error_set(error, ERROR_FAILED, "read %s: \"auths\" is not an object", edit->path);
    return 0;
}

void authfile_edit_done(struct authfile_edit *edit)
{
    if (edit->json)
        secret_json_free(edit->json);
    free(edit->path);
    *edit = (struct authfile_edit){0};
}

/* The helper in which the file keeps that key, and the name it has there. NULL: in the file. */
static const char *helper_of(const struct authfile_edit *edit, const struct authfile_key *key,
                             const char **server)
{
    json_t *own = json_object_get(json_object_get(edit->json, "credHelpers"), key->key);
    const char *name = json_string_value(own ? own : json_object_get(edit->json, "credsStore"));

    if (!name || !*name || (!own && key->has_path))
        return NULL;
    *server = own ? key->key : helper_server(key->domain);
    return name;
}

static json_t *make_entry(const char *username, const char *password)
{
    cleanup(secret_freep) char *header = secret_basic(username, password);

    return json_pack("{s:s}", "auth", header + strlen("Basic "));
}

int authfile_edit_put(struct authfile_edit *edit, const struct authfile_key *key,
                      const char *username, const char *password, struct cancel *cancel,
                      char **where, struct error *error)
{
    const char *server, *helper = helper_of(edit, key, &server);
    json_t *old, *entry;

    if (helper && credential_helper_store(helper, server, username, password, cancel, error))
        return error_context(error, "%s has a credential helper", edit->path);
    /* An empty entry says to docker and podman that the helper has something. */
    entry = helper ? json_object() : make_entry(username, password);
    old = json_incref(json_object_get(edit->auths, key->key));
    if (json_object_set_new(edit->auths, key->key, entry))
        abort();
    secret_json_free(old);
    *where = helper ? xasprintf("docker-credential-%s", helper) : xstrdup(edit->path);
    return 0;
}

static int remove_entry(struct authfile_edit *edit, const char *key)
{
    json_t *old = json_incref(json_object_get(edit->auths, key));

    if (!old)
        return 0;
    json_object_del(edit->auths, key);
    secret_json_free(old);
    return 1;
}

int authfile_edit_remove(struct authfile_edit *edit, const struct authfile_key *key,
                         struct cancel *cancel, struct error *error)
{
    const char *server, *helper = helper_of(edit, key, &server), *other;
    int removed = 0;
    json_t *value;
    void *next;

    if (helper)
        removed = credential_helper_erase(helper, server, cancel, error);
    if (removed < 0)
        return error_context(error, "%s has a credential helper", edit->path);
    removed |= remove_entry(edit, key->key);
    if (key->has_path)
        return removed;
    json_object_foreach_safe(edit->auths, next, other, value)
    {
        if (is_key_of(other, AUTHFILE_AUTHS, key->domain))
            removed |= remove_entry(edit, other);
    }
    return removed;
}

/* What all of the keys stand for in a helper; NULL as name: the value of each is its helper. */
static int erase_all(json_t *keys, const char *name, struct cancel *cancel, struct error *error)
{
    int erased = 0;
    const char *key;
    json_t *value;

    json_object_foreach(keys, key, value)
    {
        const char *helper = name ? name : json_string_value(value);
        int result = helper && *helper ? credential_helper_erase(helper, key, cancel, error) : 0;

        if (result < 0)
            return -1;
        erased |= result;
    }
    return erased;
}

int authfile_edit_remove_all(struct authfile_edit *edit, struct cancel *cancel, struct error *error)
{
    const char *store = json_get_nonempty(edit->json, "credsStore");
    int erased = erase_all(json_object_get(edit->json, "credHelpers"), NULL, cancel, error);
    int removed = json_object_size(edit->auths) > 0;

    if (erased >= 0 && store) {
        int more = erase_all(edit->auths, store, cancel, error);

        erased = more < 0 ? -1 : erased | more;
    }
    if (erased < 0)
        return error_context(error, "%s has a credential helper", edit->path);
    while (json_object_size(edit->auths))
        remove_entry(edit, json_object_iter_key(json_object_iter(edit->auths)));
    return erased | removed;
}

/* As mkdir -p, for nobody else. */
static int make_directories(const char *path, struct error *error)
{
    cleanup_free char *copy = xstrdup(path);

    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST && errno != EROFS)
            return error_set_errno(error, errno, "make directory %s", copy);
        *slash = '/';
    }
    return 0;
}

static int replace_file(const char *path, const char *data, size_t len, struct error *error)
{
    cleanup_free char *directory = file_directory(path);
    cleanup_close int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup(tmpfile_done) struct tmpfile file;

    if (dir_fd < 0 && errno == EACCES) /* to replace a file nobody has to read its directory */
        dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    tmpfile_init(&file);
    file.advice = advice;
    if (dir_fd < 0) {
        error_set_errno(error, errno, "write %s", path);
        return error_advice(error, advice);
    }
    tmpfile_remove_left(dir_fd);
    if (tmpfile_create(&file, dir_fd, path, error) || tmpfile_append(&file, data, len, error) ||
        tmpfile_publish(&file, file_name(path), error))
        return -1;
    /* So that the name is there after a power failure; the file is good without, and a directory
     * that cannot be read cannot be synced. */
    fsync(dir_fd);
    return 0;
}

int authfile_edit_save(struct authfile_edit *edit, struct error *error)
{
    size_t len = json_dumpb(edit->json, NULL, 0, JSON_STYLE);
    cleanup(secret_freep) char *text = xcalloc(len + 2, 1);

    json_dumpb(edit->json, text, len, JSON_STYLE);
    text[len] = '\n';
    if (make_directories(edit->path, error))
        return error_advice(error, advice);
    return replace_file(edit->path, text, len + 1, error);
}
