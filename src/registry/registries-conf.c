// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "registry/registries-conf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "registry/registries-toml.h"

void registries_rule_done(struct registries_rule *rule)
{
    free(rule->prefix);
    free(rule->location);
    free(rule->file);
    *rule = (struct registries_rule){0};
}

/* "*.example.com": hosts below example.com, on any port. */
static size_t match_subdomain(const char *domain, const char *name)
{
    size_t host_len = strcspn(name, "/:@"), len = strlen(domain);

    if (host_len <= len || strncmp(name + host_len - len, domain, len) != 0)
        return 0;
    return host_len;
}

size_t registries_prefix_match(const char *prefix, const char *name)
{
    size_t len = strlen(prefix);

    if (strncmp(prefix, "*.", 2) == 0)
        return match_subdomain(prefix + 1, name);
    if (len == 0 || strncmp(prefix, name, len) != 0)
        return 0;
    /* Behind a host, ":" begins a port, and that is another registry. */
    if (name[len] == ':')
        return strchr(prefix, '/') ? len : 0;
    return strchr("/@", name[len]) ? len : 0; /* finds the end of the name, too */
}

/* A mere word would be a namespace on Docker Hub, which nobody means by a location. */
static bool has_host(const char *name)
{
    cleanup_free char *host = xstrndup(name, strcspn(name, "/"));

    return strpbrk(host, ".:") || strcmp(host, "localhost") == 0;
}

int registries_rule_locate(struct reference *place, const struct registries_rule *rule,
                           const struct reference *reference, struct error *error)
{
    cleanup_free char *name = reference_format(reference), *moved = NULL;

    if (!rule->location)
        return reference_parse(place, name, error);
    moved = xasprintf("%s%s", rule->location, name + rule->matched_len);
    if (!has_host(moved))
        return error_set(error, ERROR_FAILED, "%s: location \"%s\" does not begin with a host",
                         rule->file, rule->location);
    if (reference_parse(place, moved, error))
        return error_context(error, "%s: location \"%s\"", rule->file, rule->location);
    return 0;
}

#ifdef HAVE_REGISTRIES_CONF

enum { REASON_SIZE = 200 };

static const char system_file[] = "/etc/containers/registries.conf";
static const char system_directory[] = "/etc/containers/registries.conf.d";

/* 1: *document is the file's; 0: there is no such file. */
static int load(json_t **document, const char *path, struct error *error)
{
    cleanup_free char *text = NULL, *json = NULL;
    char reason[REASON_SIZE] = "out of memory";
    size_t len;
    int found = file_read(path, REGISTRIES_CONF_MAX_BYTES, &text, &len, error);

    if (found <= 0)
        return found;
    json = registries_toml_to_json(text, len, reason, sizeof reason);
    *document = json ? json_loads(json, 0, NULL) : NULL;
    if (!*document) {
        error_set(error, ERROR_FAILED, "read %s: not TOML, %s", path, reason);
        return error_advice(error, "see containers-registries.conf(5)");
    }
    return 1;
}

static int wrong_type(const char *path, const char *key, const char *type, struct error *error)
{
    return error_set(error, ERROR_FAILED, "read %s: \"%s\" of a [[registry]] is not %s", path, key,
                     type);
}

static int check_table(const json_t *table, const char *path, struct error *error)
{
    static const char *const texts[] = {"prefix", "location"};
    static const char *const flags[] = {"insecure", "blocked"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const json_t *text = json_object_get(table, texts[i]);
        const json_t *flag = json_object_get(table, flags[i]);

        if (text && !json_is_string(text))
            return wrong_type(path, texts[i], "a string", error);
        if (flag && !json_is_boolean(flag))
            return wrong_type(path, flags[i], "true or false", error);
    }
    return 0;
}

/* Without the slash that some write at the end. NULL: not given, or empty. */
static char *get_name(const json_t *table, const char *key)
{
    const char *text = json_get_text(table, key);
    size_t len = text ? strlen(text) : 0;

    while (len && text[len - 1] == '/')
        len--;
    return len ? xstrndup(text, len) : NULL;
}

static int add_table(json_t *rules, json_t *table, const char *path, struct error *error)
{
    cleanup_free char *prefix = get_name(table, "prefix");

    if (check_table(table, path, error))
        return -1;
    if (!prefix)
        prefix = get_name(table, "location");
    if (!prefix)
        return error_set(error, ERROR_FAILED,
                         "read %s: a [[registry]] has neither prefix nor location", path);
    return json_object_set_new(rules, prefix, json_pack("{s:O, s:s}", "table", table, "file", path))
               ? error_set(error, ERROR_FAILED, "read %s: \"%s\" cannot be kept", path, prefix)
               : 0;
}

/* 1: read; 0: there is no such file. `rules`: for each prefix its table and file. */
static int add_file(json_t *rules, const char *path, struct error *error)
{
    cleanup(json_decrefp) json_t *document = NULL;
    int found = load(&document, path, error);
    json_t *tables, *table;
    size_t i;

    if (found <= 0)
        return found;
    if (json_object_get(document, "registries"))
        log_warning("%s: [registries], the format of version 1, is not read", path);
    tables = json_object_get(document, "registry");
    if (tables && !json_is_array(tables))
        return error_set(error, ERROR_FAILED, "read %s: registry is not [[registry]]", path);
    json_array_foreach(tables, i, table)
    {
        if (add_table(rules, table, path, error))
            return -1;
    }
    return 1;
}

static int is_conf(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int add_directory(json_t *rules, const char *directory, struct error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_conf, alphasort), result = 0;

    if (count < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return 0;
    if (count < 0)
        return error_set_errno(error, errno, "read %s", directory);
    if (count > REGISTRIES_CONF_MAX_FILES)
        result = error_set(error, ERROR_FAILED, "read %s: more than %d files", directory,
                           REGISTRIES_CONF_MAX_FILES);
    for (int i = 0; i < count; i++) {
        cleanup_free char *path = xasprintf("%s/%s", directory, entries[i]->d_name);

        if (result == 0 && add_file(rules, path, error) < 0)
            result = -1;
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int add_named(json_t *rules, const char *path, struct error *error)
{
    int found = add_file(rules, path, error);

    if (found == 0)
        error_set(error, ERROR_FAILED, "there is no file %s", path);
    return found > 0 ? 0 : error_context(error, "$CONTAINERS_REGISTRIES_CONF");
}

static int read_all(json_t *rules, struct error *error)
{
    const char *named = getenv("CONTAINERS_REGISTRIES_CONF"), *home = getenv("HOME");
    cleanup_free char *own_file =
        xasprintf("%s/.config/containers/registries.conf", home ? home : "");
    cleanup_free char *own_directory = xasprintf("%s.d", own_file);
    int own = 0;

    if (named && *named) {
        if (add_named(rules, named, error))
            return -1;
    } else {
        own = add_file(rules, own_file, error);
        if (own < 0 || (own == 0 && add_file(rules, system_file, error) < 0))
            return -1;
    }
    if (!own && add_directory(rules, system_directory, error))
        return -1;
    return add_directory(rules, own_directory, error);
}

static void take_rule(struct registries_rule *rule, const char *prefix, const json_t *found,
                      size_t matched_len)
{
    const json_t *table = json_object_get(found, "table");

    *rule = (struct registries_rule){
        .prefix = xstrdup(prefix),
        .location = get_name(table, "location"),
        .file = xstrdup(json_get_text(found, "file")),
        .matched_len = matched_len,
        .insecure = json_get_bool(table, "insecure"),
        .blocked = json_get_bool(table, "blocked"),
    };
}

int registries_conf_find(struct registries_rule *rule, const char *name, struct error *error)
{
    cleanup(json_decrefp) json_t *rules = json_object();
    const char *prefix, *best = NULL;
    size_t best_len = 0;
    json_t *value;

    if (read_all(rules, error))
        return -1;
    json_object_foreach(rules, prefix, value)
    {
        size_t len = registries_prefix_match(prefix, name);

        /* A host that is named counts more than a pattern that stands for it. */
        if (len > best_len || (len && len == best_len && *prefix != '*')) {
            best = prefix;
            best_len = len;
        }
    }
    *rule = (struct registries_rule){0};
    if (best)
        take_rule(rule, best, json_object_get(rules, best), best_len);
    return 0;
}

#else

int registries_conf_find(struct registries_rule *rule, const char *name, struct error *error)
{
    (void)name;
    (void)error;
    *rule = (struct registries_rule){0};
    return 0;
}

#endif
