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
#include "registry/registries-table.h"
#include "registry/registries-toml.h"

void registries_rule_done(struct registries_rule *rule)
{
    free(rule->prefix);
    free(rule->location);
    free(rule->file);
    for (size_t i = 0; i < rule->mirror_count; i++)
        free(rule->mirrors[i].location);
    free(rule->mirrors);
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
                           const char *location, const struct reference *reference,
                           struct error *error)
{
    cleanup_free char *name = reference_format(reference), *moved = NULL;

    if (!location) {
        reference_copy(place, reference);
        return 0;
    }
    moved = xasprintf("%s%s", location, name + rule->matched_len);
    if (!has_host(moved))
        return error_set(error, ERROR_FAILED, "%s: location \"%s\" does not begin with a host",
                         rule->file, location);
    if (reference_parse(place, moved, error))
        return error_context(error, "%s: location \"%s\"", rule->file, location);
    return 0;
}

bool registries_mirror_suits(const struct registries_mirror *mirror,
                             const struct reference *reference)
{
    if (reference->digest)
        return !mirror->tag_only;
    return reference->tag && !mirror->digest_only;
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

/* 1: read; 0: there is no such file. */
static int add_file(json_t *rules, const char *path, bool is_drop_in, struct error *error)
{
    cleanup(json_decrefp) json_t *document = NULL;
    int found = load(&document, path, error);

    if (found > 0 && registries_table_add(rules, document, path, is_drop_in, error))
        return error_context(error, "read %s", path);
    return found;
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

        if (result == 0 && add_file(rules, path, true, error) < 0)
            result = -1;
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int add_named(json_t *rules, const char *path, struct error *error)
{
    int found = add_file(rules, path, false, error);

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
        own = add_file(rules, own_file, false, error);
        if (own < 0 || (own == 0 && add_file(rules, system_file, false, error) < 0))
            return -1;
    }
    if (!own && add_directory(rules, system_directory, error))
        return -1;
    return add_directory(rules, own_directory, error);
}

static void take_mirrors(struct registries_rule *rule, const json_t *list)
{
    size_t i;
    json_t *item;

    rule->mirror_count = json_array_size(list);
    rule->mirrors = xcalloc(rule->mirror_count + 1, sizeof *rule->mirrors);
    json_array_foreach(list, i, item)
    {
        rule->mirrors[i] = (struct registries_mirror){
            .location = xstrdup(json_get_text(item, "location")),
            .insecure = json_get_bool(item, "insecure"),
            .digest_only = json_get_bool(item, "digest-only"),
            .tag_only = json_get_bool(item, "tag-only"),
        };
    }
}

static void take_rule(struct registries_rule *rule, const char *prefix, const json_t *found,
                      size_t matched_len)
{
    *rule = (struct registries_rule){
        .prefix = xstrdup(prefix),
        .location = json_copy_nonempty(found, "location"),
        .file = xstrdup(json_get_text(found, "file")),
        .matched_len = matched_len,
        .insecure = json_get_bool(found, "insecure"),
        .blocked = json_get_bool(found, "blocked"),
    };
    take_mirrors(rule, json_object_get(found, "mirrors"));
}

/* A host that is named counts more than a pattern that stands for it. */
static bool counts_more(const char *prefix, const char *than)
{
    size_t len = strlen(prefix), than_len = than ? strlen(than) : 0;

    return len > than_len || (len == than_len && *prefix != '*');
}

int registries_conf_find(struct registries_rule *rule, const char *name, struct error *error)
{
    cleanup(json_decrefp) json_t *rules = json_object();
    const char *prefix, *best = NULL;
    json_t *value;

    if (read_all(rules, error))
        return -1;
    json_object_foreach(rules, prefix, value)
    {
        if (registries_prefix_match(prefix, name) && counts_more(prefix, best))
            best = prefix;
    }
    *rule = (struct registries_rule){0};
    if (best)
        take_rule(rule, best, json_object_get(rules, best), registries_prefix_match(best, name));
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
