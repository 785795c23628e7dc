// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "archive/member.h"
#include "base/json.h"
#include "base/text.h"
#include "checkpoint/mount.h"
#include "checkpoint/rules.h"

/* What the functions here hand to each other. */
struct inspection {
    const json_t *config;
    struct mount_ids ids;
    struct findings *findings;
    struct error *error;
};

static int report_config(const struct inspection *in, const char *key, const char *what,
                         const char *value)
{
    return finding_report(in->findings, CHECK_PODMAN_CONFIG, "config.dump", in->error,
                          "%s %s \"%s\"", key, what, value);
}

/* A path of the host that podman has not made for this container, in whatever directory it keeps
 * its own. */
static bool is_foreign(const struct inspection *in, const char *path)
{
    return path && *path && !mount_source_is_usual(path, &in->ids);
}

/* Paths that podman reads or writes as root. */
static int check_paths(const struct inspection *in)
{
    static const struct {
        const char *key, *what;
        const char *words[4]; /* that are no paths */
    } paths[] = {
        {"rootfs", "is the root file system, of the host:", {NULL}},
        {"conmonPidFile", "is written to", {NULL}},
        {"pid_file", "is written to", {NULL}},
        {"baseHostsFile", "is read from", {"image", "none", NULL}},
        {"healthLogDestination", "is written to", {"local", "events_logger", "none", NULL}},
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *path = json_get_text(in->config, paths[i].key);

        if (is_foreign(in, path) && !text_is_among(path, paths[i].words) &&
            report_config(in, paths[i].key, paths[i].what, path) < 0)
            return -1;
    }
    return 0;
}

/* Unmounted from the host when the container ends. */
static int check_unmounted(const struct inspection *in)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(in->config, "mounts"), i, entry)
    {
        const char *path = json_string_value(entry);

        if (is_foreign(in, path) && report_config(in, "mounts", "is unmounted:", path) < 0)
            return -1;
    }
    return 0;
}

/* Options by which a volume or an overlay is somewhere else on the host than where podman keeps its
 * volumes. */
static int check_volume_options(const struct inspection *in, const char *key, const json_t *volume)
{
    static const char *const elsewhere[] = {"volume-opt", "upperdir=", "workdir=", NULL};
    const json_t *option;
    size_t i;

    json_array_foreach(json_object_get(volume, "options"), i, option)
    {
        const char *text = json_string_value(option);

        for (const char *const *begin = elsewhere; text && *begin; begin++)
            if (strncmp(text, *begin, strlen(*begin)) == 0 &&
                report_config(in, key, "has the option", text) < 0)
                return -1;
    }
    return 0;
}

static int check_volumes(const struct inspection *in)
{
    const json_t *volume;
    size_t i;

    json_array_foreach(json_object_get(in->config, "namedVolumes"), i, volume)
    {
        const char *name = json_get_text(volume, "volumeName");

        if (name && strchr(name, '/') &&
            report_config(in, "namedVolumes", "has the name", name) < 0)
            return -1;
        if (check_volume_options(in, "namedVolumes", volume) < 0)
            return -1;
    }
    json_array_foreach(json_object_get(in->config, "overlayVolumes"), i, volume)
    {
        const char *source = json_get_text(volume, "source");

        if (is_foreign(in, source) &&
            report_config(in, "overlayVolumes", "puts an overlay on", source) < 0)
            return -1;
        if (check_volume_options(in, "overlayVolumes", volume) < 0)
            return -1;
    }
    return 0;
}

/* Other containers, whose namespaces it would share. In a pod podman takes those of the new pod. */
static int check_other_containers(const struct inspection *in)
{
    static const char *const keys[] = {"ipcNsCtr",  "mountNsCtr", "netNsCtr",   "pidNsCtr",
                                       "userNsCtr", "utsNsCtr",   "cgroupNsCtr"};

    if (json_get_nonempty(in->config, "pod"))
        return 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *id = json_get_nonempty(in->config, keys[i]);

        if (id && report_config(in, keys[i], "shares a namespace of the container", id) < 0)
            return -1;
    }
    return 0;
}

static int check_cdi(const struct inspection *in)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(in->config, "cdiDevices"), i, entry)
    {
        const char *name = json_string_value(entry);

        if (name && finding_report(in->findings, CHECK_CDI_DEVICE, "config.dump", in->error,
                                   "cdiDevices asks for \"%s\"", name) < 0)
            return -1;
    }
    return 0;
}

/* Programs of the host that make the network get these; some are files that they write. */
static int check_network_options(const struct inspection *in)
{
    json_t *programs = json_object_get(in->config, "network_options"), *options;
    const char *program;

    json_object_foreach(programs, program, options)
    {
        const json_t *option;
        size_t i;

        json_array_foreach(options, i, option)
        {
            const char *text = json_string_value(option);

            if (text && (*text == '/' || strstr(text, "=/")) &&
                report_config(in, "network_options", "has a path,", text) < 0)
                return -1;
        }
    }
    return 0;
}

static int check_rest(const struct inspection *in)
{
    const char *zone = json_get_text(in->config, "timezone");
    const char *socket = json_get_nonempty(in->config, "sdnotifySocket");

    /* Copied into the container where it has no such file itself. */
    if (zone && (*zone == '/' || member_path_climbs(zone)) &&
        report_config(in, "timezone", "is read from", zone) < 0)
        return -1;
    /* systemd's own is what it is of every service. */
    if (socket && !strstr(socket, "/systemd/notify") &&
        report_config(in, "sdnotifySocket", "is written to", socket) < 0)
        return -1;
    if (json_get_bool(in->config, "mountAllDevices"))
        return report_config(in, "mountAllDevices", "gives it the host's devices:", "true");
    return 0;
}

/* The keys are podman's, so that it does not matter which engine the archive says it is from. Each
 * of these can be asked for with an option of podman. */
int podman_config_check(const struct checkpoint *checkpoint, struct findings *findings,
                        struct error *error)
{
    static int (*const checks[])(const struct inspection *) = {
        check_paths, check_unmounted,       check_volumes, check_other_containers,
        check_cdi,   check_network_options, check_rest,
    };
    const struct inspection in = {
        .config = checkpoint->config,
        .ids = mount_ids_read(checkpoint->spec, checkpoint->config),
        .findings = findings,
        .error = error,
    };

    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i](&in) < 0)
            return -1;
    return 0;
}
