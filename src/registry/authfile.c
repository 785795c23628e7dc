// SPDX-License-Identifier: Apache-2.0
#include "registry/authfile.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "base/memory.h"
#include "registry/file.h"
#include "registry/secret.h"

/* 1: *json is the file's object; 0: there is no such file. */
static int load(json_t **json, const char *path, struct error *error)
{
    char *text;
    size_t len;
    json_error_t reason = {0};
    int found = file_read(path, AUTHFILE_MAX_BYTES, &text, &len, error);

    if (found <= 0)
        return found;
    /* podman's secrets and touch(1) leave empty files. */
    *json = len ? json_loadb(text, len, 0, &reason) : json_object();
    OPENSSL_cleanse(text, len);
    free(text);
    if (!*json) /* reason.text quotes the file, secrets and all */
        return error_set(error, ERROR_FAILED, "read %s: not JSON, from line %d column %d on", path,
                         reason.line, reason.column);
    if (!json_is_object(*json)) {
        secret_json_free(steal(*json));
        return error_set(error, ERROR_FAILED, "read %s: not a JSON object", path);
    }
    return 1;
}

static const char *hub_name(const char *registry)
{
    if (strcmp(registry, "docker.io") == 0 || strcmp(registry, "registry-1.docker.io") == 0)
        return "index.docker.io";
    return registry;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
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
    if (host == key && schema == AUTHFILE_AUTHS && !ends_with(key, "/v1/") &&
        !ends_with(key, "/v2/"))
        registry = xstrdup(key);
    else
        registry = xstrndup(host, strcspn(host, "/"));
    return strcmp(hub_name(registry), hub_name(domain)) == 0;
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

/* 1: done; 0: there is a user but no password. */
static int split_pair(struct credentials *credentials, const char *pair)
{
    const char *colon = strchr(pair, ':');

    if (!colon)
        return 0;
    credentials->username = xstrndup(pair, (size_t)(colon - pair));
    credentials->password = xstrdup(colon + 1);
    return 1;
}

static int read_entry(struct credentials *credentials, const json_t *entry, struct error *error)
{
    const char *auth = json_string_value(json_object_get(entry, "auth"));
    const char *username = json_string_value(json_object_get(entry, "username"));
    const char *password = json_string_value(json_object_get(entry, "password"));
    cleanup(secret_freep) char *pair = NULL;
    size_t len;

    if (auth && *auth) {
        pair = secret_base64_decode(auth, &len);
        if (!pair || !split_pair(credentials, pair))
            return error_set(error, ERROR_FAILED,
                             "\"auth\" is not base64 of a user name, \":\" and a password");
        return 1;
    }
    if (!username || !*username || !password)
        return 0;
    credentials->username = xstrdup(username);
    credentials->password = xstrdup(password);
    return 1;
}

int authfile_find(struct credentials *credentials, const char *path, enum authfile_schema schema,
                  const struct reference *reference, struct error *error)
{
    cleanup(secret_json_freep) json_t *json = NULL;
    int found = load(&json, path, error);
    json_t *auths;
    const char *key;

    if (found <= 0)
        return found;
    auths = schema == AUTHFILE_FLAT ? json : json_object_get(json, "auths");
    if (auths && !json_is_object(auths))
        return error_set(error, ERROR_FAILED, "read %s: \"auths\" is not an object", path);
    key = find_key(auths, schema, reference);
    if (!key)
        return 0;
    found = read_entry(credentials, json_object_get(auths, key), error);
    if (found < 0)
        return error_context(error, "read %s: the entry \"%s\"", path, key);
    if (found)
        credentials->origin = xstrdup(path);
    return found;
}
