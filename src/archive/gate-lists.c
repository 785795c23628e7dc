// SPDX-License-Identifier: Apache-2.0
#include "archive/gate-lists.h"

#include <string.h>

#include "archive/member-path.h"
#include "base/json.h"

/* An array, a new reference; NULL if it was found not to be one, with the result in *result. Go,
 * which the engines are written in, takes null for an empty list. */
static json_t *load_list(struct findings *findings, enum check check, const char *member,
                         const struct buffer *list, int *result, struct error *error)
{
    json_error_t at;
    json_t *json = json_loadb(list->data, list->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);

    *result = 0;
    if (json_is_array(json))
        return json;
    if (!json_is_null(json))
        *result = finding_report(findings, check, member, error, "it is not a JSON list%s%s",
                                 json ? "" : ": ", json ? "" : at.text);
    json_decref(json);
    return NULL;
}

int gate_check_deleted_files(struct findings *findings, const struct buffer *list,
                             const struct path_set *rootfs, struct error *error)
{
    static const char member[] = "deleted.files";
    int result;
    cleanup(json_decrefp) json_t *paths =
        load_list(findings, CHECK_DELETED_FILES, member, list, &result, error);
    size_t i;
    json_t *entry;

    json_array_foreach(paths, i, entry)
    {
        const char *path = json_string_value(entry);
        cleanup_free char *clean = path ? member_path_clean(path) : NULL;
        const char *problem = !path                      ? "it lists what is no path"
                              : member_path_climbs(path) ? "it lists a path with \"..\""
                              : strcmp(clean, "/") == 0 || strcmp(clean, ".") == 0 || !*clean
                                  ? "it lists the container's root itself"
                              : rootfs && path_set_symlink_above(rootfs, clean + (*clean == '/'))
                                  ? "it lists a path behind a symlink of rootfs-diff.tar"
                                  : NULL;

        if (problem && finding_report(findings, CHECK_DELETED_FILES, member, error, "%s: \"%s\"",
                                      problem, path ? path : "") < 0)
            return -1;
    }
    return result;
}

static int check_mount(struct findings *findings, const char *member, const json_t *mount,
                       struct error *error)
{
    const char *source = json_get_text(mount, "source");
    const char *destination = json_get_text(mount, "destination");

    if (!source || !destination || *destination != '/')
        return finding_report(findings, CHECK_BIND_MOUNTS, member, error,
                              "a mount has no source or no absolute destination");
    if (member_path_climbs(source) || member_path_climbs(destination))
        return finding_report(findings, CHECK_BIND_MOUNTS, member, error,
                              "the mount of \"%s\" on \"%s\" has a \"..\"", source, destination);
    return 0;
}

int gate_check_bind_mounts(struct findings *findings, const struct buffer *list,
                           struct error *error)
{
    static const char member[] = "bind.mounts";
    int result;
    cleanup(json_decrefp) json_t *mounts =
        load_list(findings, CHECK_BIND_MOUNTS, member, list, &result, error);
    size_t i;
    json_t *mount;

    json_array_foreach(mounts, i, mount)
    {
        if (check_mount(findings, member, mount, error) < 0)
            return -1;
    }
    return result;
}
