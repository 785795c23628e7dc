// SPDX-License-Identifier: Apache-2.0
#include "registry/authfile-edit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/tmpfile.h"
#include "http/secret.h"
#include "registry/authfile.h"
#include "registry/credential-helper.h"

enum { JSON_STYLE = JSON_INDENT(4) };

static const char advice[] = "name another file with --authfile";

int authfile_edit_open(struct authfile_edit *edit, const char *path, struct error *error)
{
    char *real = realpath(path, NULL);

    *edit = (struct authfile_edit){.path = real ? real : xstrdup(path)};
    if (authfile_load(&edit->json, edit->path, error) < 0)
        return -1;
    if (!edit->json)
        edit->json = json_object();
    edit->auths = json_object_get(edit->json, "auths");
    if (!edit->auths) {
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
    *server = own ? key->key : authfile_server(key->domain);
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
        if (authfile_key_is_of(other, key->domain))
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

    tmpfile_init(&file);
    file.mode = 0600;
    file.advice = advice;
    if (dir_fd < 0) {
        error_set_errno(error, errno, "write %s", path);
        return error_advice(error, advice);
    }
    tmpfile_remove_left(dir_fd);
    if (tmpfile_create(&file, dir_fd, path, error) || tmpfile_append(&file, data, len, error) ||
        tmpfile_publish(&file, file_name(path), error))
        return -1;
    fsync(dir_fd); /* so that the name is there after a power failure; the file is good without */
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
