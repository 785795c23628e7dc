// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "archive/member.h"
#include "base/json.h"
#include "checkpoint/mount.h"
#include "checkpoint/rules.h"

static int check_mounts(const struct checkpoint *checkpoint, struct findings *findings,
                        struct error *error)
{
    struct mount_ids ids = mount_ids_read(checkpoint->spec, checkpoint->config);
    const json_t *mount;
    size_t i;

    json_array_foreach(json_object_get(checkpoint->spec, "mounts"), i, mount)
    {
        const char *destination = json_get_text(mount, "destination");
        const char *taken = mount_takes(mount), *type = json_get_text(mount, "type");

        if (!taken || mount_source_is_usual(taken, &ids))
            continue;
        if (finding_report(findings, CHECK_HOST_MOUNT, "spec.dump", error,
                           "\"%s\" of the host is mounted on \"%s\"%s%s", taken,
                           destination ? destination : "", type && *type ? ", as " : "",
                           type ? type : "") < 0)
            return -1;
    }
    return 0;
}

/* Whether spec.dump has the bind mount, so that the pod has to declare it, too. */
static bool is_declared(const json_t *spec, const char *source, const char *destination)
{
    const json_t *mount;
    size_t i;

    json_array_foreach(json_object_get(spec, "mounts"), i, mount)
    {
        if (json_text_is(mount, "destination", destination) &&
            json_text_is(mount, "source", source) && json_text_is(mount, "type", "bind"))
            return true;
    }
    return false;
}

/* CRI-O writes an entry for bind mounts of spec.dump alone, and makes each source that is not there
 * on the host, wherever that is. */
static int check_bind_mount(const struct checkpoint *checkpoint, const json_t *entry,
                            struct findings *findings, struct error *error)
{
    const char *source = json_get_text(entry, "source");
    const char *destination = json_get_text(entry, "destination");

    if (!source || !destination || *destination != '/')
        return finding_report(findings, CHECK_BIND_MOUNTS, "bind.mounts", error,
                              "a mount has no source or no absolute destination");
    if (member_path_climbs(source) || member_path_climbs(destination))
        return finding_report(findings, CHECK_BIND_MOUNTS, "bind.mounts", error,
                              "the mount of \"%s\" on \"%s\" has a \"..\"", source, destination);
    if (is_declared(checkpoint->spec, source, destination))
        return 0;
    return finding_report(findings, CHECK_BIND_MOUNTS, "bind.mounts", error,
                          "spec.dump has no bind mount of \"%s\" on \"%s\"", source, destination);
}

static int check_bind_mounts(const struct checkpoint *checkpoint, struct findings *findings,
                             struct error *error)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(checkpoint->bind_mounts, i, entry)
    {
        if (check_bind_mount(checkpoint, entry, findings, error) < 0)
            return -1;
    }
    return 0;
}

int mount_rules_check(const struct checkpoint *checkpoint, struct findings *findings,
                      struct error *error)
{
    if (check_bind_mounts(checkpoint, findings, error) < 0)
        return -1;
    return check_mounts(checkpoint, findings, error);
}
