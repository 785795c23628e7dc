// SPDX-License-Identifier: Apache-2.0
#include "registry/registries-table.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

/* Without the slash that some write at the end. NULL: not given, or empty. */
static char *get_name(const json_t *table, const char *key)
{
    const char *text = json_get_text(table, key);
    size_t len = text ? strlen(text) : 0;

    while (len && text[len - 1] == '/')
        len--;
    return len ? xstrndup(text, len) : NULL;
}

static int check_text(const json_t *table, const char *key, struct error *error)
{
    const json_t *text = json_object_get(table, key);

    if (text && !json_is_string(text))
        return error_set(error, ERROR_FAILED, "\"%s\" of a [[registry]] is not a string", key);
    return 0;
}

static int check_flag(const json_t *table, const char *key, struct error *error)
{
    const json_t *flag = json_object_get(table, key);

    if (flag && !json_is_boolean(flag))
        return error_set(error, ERROR_FAILED, "\"%s\" of a [[registry]] is not true or false", key);
    return 0;
}

static int check_name(const char *name, struct error *error)
{
    if (name && strstr(name, "://"))
        return error_set(error, ERROR_FAILED, "\"%s\" has a scheme, and a registry has none", name);
    return 0;
}

/* A "*" stands for nothing anywhere else. */
static int check_prefix(const char *prefix, struct error *error)
{
    const char *rest = strncmp(prefix, "*.", 2) == 0 ? prefix + 2 : prefix;

    if (check_name(prefix, error))
        return -1;
    if (strchr(rest, '*') || (rest != prefix && (!*rest || strpbrk(rest, "/@:"))))
        return error_set(error, ERROR_FAILED,
                         "prefix \"%s\": \"*\" is for all hosts of a domain, as in *.example.com, "
                         "without port and path",
                         prefix);
    return 0;
}

static int add_mirror(json_t *mirrors, const json_t *mirror, bool by_digest, struct error *error)
{
    static const char *const ways[] = {"all", "digest-only", "tag-only"};
    const char *way = json_get_nonempty(mirror, "pull-from-mirror");
    cleanup_free char *location = get_name(mirror, "location");
    json_t *item;

    if (check_text(mirror, "location", error) || check_flag(mirror, "insecure", error) ||
        check_text(mirror, "pull-from-mirror", error) || check_name(location, error))
        return -1;
    if (!location)
        return error_set(error, ERROR_FAILED, "a [[registry.mirror]] has no location");
    if (way && by_digest)
        return error_set(error, ERROR_FAILED,
                         "mirror \"%s\" has \"pull-from-mirror\", and its registry has "
                         "\"mirror-by-digest-only\"",
                         location);
    for (size_t i = 0; way && i < sizeof ways / sizeof *ways && strcmp(way, ways[i]) != 0; i++)
        if (i + 1 == sizeof ways / sizeof *ways)
            return error_set(error, ERROR_FAILED,
                             "\"pull-from-mirror\" is all, digest-only or tag-only, and \"%s\" is "
                             "not",
                             way);
    item = json_pack("{s:s}", "location", location);
    json_set_true(item, "insecure", json_get_bool(mirror, "insecure"));
    json_set_true(item, "digest-only", by_digest || (way && strcmp(way, "digest-only") == 0));
    json_set_true(item, "tag-only", way && strcmp(way, "tag-only") == 0);
    json_array_append_new(mirrors, item);
    return 0;
}

static int add_mirrors(json_t *rule, const json_t *table, struct error *error)
{
    json_t *mirrors = json_array(), *list = json_object_get(table, "mirror"), *mirror;
    size_t i;

    json_object_set_new(rule, "mirrors", mirrors);
    if (check_flag(table, "mirror-by-digest-only", error))
        return -1;
    if (list && !json_is_array(list))
        return error_set(error, ERROR_FAILED, "mirror is not [[registry.mirror]]");
    json_array_foreach(list, i, mirror)
    {
        if (add_mirror(mirrors, mirror, json_get_bool(table, "mirror-by-digest-only"), error))
            return -1;
    }
    return 0;
}

/* The same place cannot be both safe and not, whatever prefixes lead there. */
static int check_conflict(json_t *places, const char *place, json_t *rule, struct error *error)
{
    static const char *const flags[] = {"insecure", "blocked"};
    json_t *before = json_object_get(places, place);

    for (size_t i = 0; before && i < sizeof flags / sizeof *flags; i++)
        if (json_get_bool(before, flags[i]) != json_get_bool(rule, flags[i]))
            return error_set(error, ERROR_FAILED,
                             "\"%s\" is there several times, with different values of \"%s\"",
                             place, flags[i]);
    json_object_set(places, place, rule);
    return 0;
}

/* The rules of one file, and the places that they lead to. */
struct file_rules {
    json_t *rules, *places;
    const char *path;
};

static int add_table(struct file_rules *file, const json_t *table, struct error *error)
{
    cleanup_free char *prefix = get_name(table, "prefix"), *location = get_name(table, "location");
    cleanup(json_decrefp) json_t *rule = json_pack("{s:o}", "file", utf8_text(file->path));

    if (check_text(table, "prefix", error) || check_text(table, "location", error) ||
        check_flag(table, "insecure", error) || check_flag(table, "blocked", error))
        return -1;
    if (!prefix && !location)
        return error_set(error, ERROR_FAILED, "a [[registry]] has neither prefix nor location");
    if (!prefix)
        prefix = xstrdup(location);
    if (check_prefix(prefix, error) || check_name(location, error))
        return -1;
    json_set_true(rule, "insecure", json_get_bool(table, "insecure"));
    json_set_true(rule, "blocked", json_get_bool(table, "blocked"));
    if (location && *location != '*')
        json_set_text(rule, "location", location);
    if (add_mirrors(rule, table, error) ||
        check_conflict(file->places, location ? location : prefix, rule, error))
        return -1;
    if (!json_object_get(file->rules, prefix) && json_object_set(file->rules, prefix, rule))
        return error_set(error, ERROR_FAILED, "\"%s\" cannot be kept", prefix);
    return 0;
}

/* A list of version 1: each of its registries gets the flag. */
static int add_list(json_t *tables, const json_t *lists, const char *key, const char *flag,
                    struct error *error)
{
    const json_t *list = json_object_get(lists, key);
    json_t *names = json_object_get(list, "registries"), *name;
    size_t i;

    if ((list && !json_is_object(list)) || (names && !json_is_array(names)))
        return error_set(error, ERROR_FAILED, "[registries.%s] has no list \"registries\"", key);
    json_array_foreach(names, i, name)
    {
        const char *text = json_text(name);
        json_t *table = text ? json_object_get(tables, text) : NULL;

        if (!text || !*text)
            return error_set(error, ERROR_FAILED, "an entry of [registries.%s] is no name", key);
        if (!flag)
            continue;
        if (!table)
            json_object_set_new(tables, text, table = json_pack("{s:s}", "location", text));
        json_object_set_new(table, flag, json_true());
    }
    return 0;
}

static int add_version_1(struct file_rules *file, const json_t *document, bool is_drop_in,
                         struct error *error)
{
    const json_t *lists = json_object_get(document, "registries");
    cleanup(json_decrefp) json_t *tables = json_object();
    const char *key;
    json_t *table;

    if (!lists)
        return 0;
    if (is_drop_in || json_object_get(document, "registry") ||
        json_object_get(document, "unqualified-search-registries"))
        return error_set(error, ERROR_FAILED,
                         "[registries], the format of version 1, is not taken %s",
                         is_drop_in ? "in a drop-in" : "beside that of version 2");
    if (!json_is_object(lists))
        return error_set(error, ERROR_FAILED, "\"registries\" is no table");
    if (add_list(tables, lists, "search", NULL, error) ||
        add_list(tables, lists, "insecure", "insecure", error) ||
        add_list(tables, lists, "block", "blocked", error))
        return -1;
    json_object_foreach(tables, key, table)
    {
        if (add_table(file, table, error))
            return -1;
    }
    return 0;
}

int registries_table_add(json_t *rules, const json_t *document, const char *path, bool is_drop_in,
                         struct error *error)
{
    cleanup(json_decrefp) json_t *own = json_object(), *places = json_object();
    struct file_rules file = {.rules = own, .places = places, .path = path};
    json_t *tables = json_object_get(document, "registry"), *table;
    size_t i;

    if (tables && !json_is_array(tables))
        return error_set(error, ERROR_FAILED, "registry is not [[registry]]");
    if (add_version_1(&file, document, is_drop_in, error))
        return -1;
    json_array_foreach(tables, i, table)
    {
        if (add_table(&file, table, error))
            return -1;
    }
    json_object_update(rules, own);
    return 0;
}
