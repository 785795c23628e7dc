// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "archive/member.h"
#include "base/json.h"
#include "base/text.h"
#include "checkpoint/rules.h"

/* What the functions here hand to each other. */
struct inspection {
    const struct checkpoint *checkpoint;
    const json_t *linux_part; /* "linux" of spec.dump; NULL without it */
    struct findings *findings;
    struct error *error;
};

static int report_access(const struct inspection *in, const char *what, const char *of)
{
    return finding_report(in->findings, CHECK_HOST_ACCESS, "spec.dump", in->error, "%s%s", what,
                          of);
}

static const json_t *find_namespace(const json_t *namespaces, const char *type)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(namespaces, i, entry)
    {
        if (json_text_is(entry, "type", type))
            return entry;
    }
    return NULL;
}

/* Podman joins those that it has made itself, below a directory called netns, and in a pod those of
 * the pod's first container, which it finds anew. */
static bool is_usual_namespace(const struct inspection *in, const char *path)
{
    static const char processes[] = "/proc/", first[] = "/proc/1/";
    bool is_in_pod = json_get_nonempty(in->checkpoint->config, "pod") != NULL;

    if (strncmp(path, processes, strlen(processes)) == 0)
        return is_in_pod && strncmp(path, first, strlen(first)) != 0;
    return strstr(path, "/netns/") && !member_path_climbs(path);
}

static int check_namespaces(const struct inspection *in)
{
    static const char *const types[] = {"pid", "network", "ipc", "uts", "mount"};
    const json_t *namespaces = json_object_get(in->linux_part, "namespaces"), *entry;
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++)
        if (!find_namespace(namespaces, types[i]) &&
            report_access(in, "the container has no namespace of its own, but the host's, of type ",
                          types[i]) < 0)
            return -1;
    json_array_foreach(namespaces, i, entry)
    {
        const char *path = json_get_nonempty(entry, "path");

        if (path && !is_usual_namespace(in, path) &&
            report_access(in, "the container joins the namespace ", path) < 0)
            return -1;
    }
    return 0;
}

/* The devices that every container has, and fuse and tun, which give nothing of the host. */
static bool is_usual_device(json_int_t major, json_int_t minor)
{
    static const struct {
        json_int_t major, minor; /* minor -1: all of them */
    } usual[] = {
        {1, 3}, {1, 5}, {1, 7},    {1, 8},    {1, 9},    {5, 0},
        {5, 1}, {5, 2}, {136, -1}, {10, 200}, {10, 229},
    };

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (major == usual[i].major && (usual[i].minor == -1 || minor == usual[i].minor))
            return true;
    return false;
}

/* -1: missing, which stands for all, as -1 itself does. */
static json_int_t number_of(const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);

    return json_is_integer(number) ? json_integer_value(number) : -1;
}

static int check_devices(const struct inspection *in)
{
    const json_t *device;
    size_t i;

    json_array_foreach(json_object_get(in->linux_part, "devices"), i, device)
    {
        const char *path = json_get_text(device, "path"), *type = json_get_text(device, "type");

        if ((!type || strcmp(type, "b") != 0) &&
            is_usual_device(number_of(device, "major"), number_of(device, "minor")))
            continue;
        if (report_access(in, "the container gets the device ", path ? path : "without a path") < 0)
            return -1;
    }
    return 0;
}

/* Rules of the device cgroup. To make a node that cannot be opened harms nobody. */
static int check_device_rules(const struct inspection *in)
{
    const json_t *resources = json_object_get(in->linux_part, "resources"), *rule;
    size_t i;

    json_array_foreach(json_object_get(resources, "devices"), i, rule)
    {
        const char *type = json_get_nonempty(rule, "type"), *access = json_get_text(rule, "access");
        json_int_t major = number_of(rule, "major"), minor = number_of(rule, "minor");
        char which[64];

        if (!json_get_bool(rule, "allow") || (access && !strpbrk(access, "rw")) ||
            (type && strcmp(type, "c") == 0 && is_usual_device(major, minor)))
            continue;
        snprintf(which, sizeof which, "%.1s %lld:%lld", type ? type : "a", (long long)major,
                 (long long)minor);
        if (report_access(in, "its processes may open the devices ",
                          major == -1 && minor == -1 ? "of the host, all of a kind" : which) < 0)
            return -1;
    }
    return 0;
}

static int check_capabilities(const struct inspection *in)
{
    /* What engines give to a container that does not ask, the most generous of them. */
    const char *const *usual = engine_info(ENGINE_CONTAINERD)->capabilities;
    json_t *sets =
               json_object_get(json_object_get(in->checkpoint->spec, "process"), "capabilities"),
           *set;
    cleanup(json_decrefp) json_t *told = json_object();
    const char *key;

    json_object_foreach(sets, key, set)
    {
        const json_t *entry;
        size_t i;

        json_array_foreach(set, i, entry)
        {
            const char *name = json_string_value(entry);

            if (!name || json_object_get(told, name) ||
                (strncmp(name, "CAP_", 4) == 0 && text_is_among(name + 4, usual)))
                continue;
            json_object_set_new(told, name, json_true());
            if (report_access(in, "the container has the capability ", name) < 0)
                return -1;
        }
    }
    return 0;
}

static int check_seccomp(const struct inspection *in)
{
    static const char *const lenient[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", NULL};
    const json_t *seccomp = json_object_get(in->linux_part, "seccomp");
    const char *action = json_get_text(seccomp, "defaultAction");
    const char *listener = json_get_nonempty(seccomp, "listenerPath");

    if (listener && report_access(in, "its system calls are decided on at ", listener) < 0)
        return -1;
    if (action && !text_is_among(action, lenient))
        return 0;
    return report_access(in, "no filter keeps the container from system calls",
                         action ? " that it does not name" : "");
}

/* Where the security modules let a process do what it wants. */
static int check_confinement(const struct inspection *in)
{
    const json_t *process = json_object_get(in->checkpoint->spec, "process");
    const char *selinux = json_get_text(process, "selinuxLabel");

    if (selinux && strstr(selinux, ":spc_t:") &&
        report_access(in, "SELinux would not confine it: ", selinux) < 0)
        return -1;
    if (json_text_is(process, "apparmorProfile", "unconfined"))
        return report_access(in, "AppArmor would not confine it", "");
    return 0;
}

/* runc moves these of the host's network devices into the container. */
static int check_network_devices(const struct inspection *in)
{
    json_t *devices = json_object_get(in->linux_part, "netDevices"), *device;
    const char *name;

    json_object_foreach(devices, name, device)
    {
        if (report_access(in, "the container takes the host's network device ", name) < 0)
            return -1;
    }
    return 0;
}

/* Whether a list has the path or one above it. */
static bool covers(const json_t *list, const char *path)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *text = json_text(entry);
        size_t len = text ? strlen(text) : 0;

        if (len > 0 && strncmp(path, text, len) == 0 && (!path[len] || path[len] == '/'))
            return true;
    }
    return false;
}

/* What a list leaves open of the paths that all of Kubernetes' and podman's defaults have had. */
static const char *find_open(const json_t *list, const json_t *masked, const char *const *paths)
{
    for (; *paths; paths++)
        if (!covers(list, *paths) && !covers(masked, *paths))
            return *paths;
    return NULL;
}

/* CRI-O keeps its own lists where the archive has none, which stands for a privileged container. An
 * empty one is none. */
static int check_paths(const struct inspection *in)
{
    static const char *const secret[] = {"/proc/acpi",       "/proc/kcore", "/proc/keys",
                                         "/proc/timer_list", "/proc/scsi",  "/proc/sched_debug",
                                         "/sys/firmware",    NULL};
    static const char *const fixed[] = {"/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
                                        "/proc/sysrq-trigger", NULL};
    const json_t *masked = json_object_get(in->linux_part, "maskedPaths");
    const json_t *readonly = json_object_get(in->linux_part, "readonlyPaths");
    bool is_podman = checkpoint_suits_podman(in->checkpoint);
    const char *open = NULL;

    if (!is_podman && !checkpoint_nested_annotations(in->checkpoint))
        return 0; /* an engine that does not take them over */
    if ((json_is_array(masked) || is_podman) && (open = find_open(masked, NULL, secret)) &&
        finding_report(in->findings, CHECK_UNMASKED_PATHS, "spec.dump", in->error,
                       "maskedPaths does not hide %s", open) < 0)
        return -1;
    if ((json_is_array(readonly) || is_podman) && (open = find_open(readonly, masked, fixed)))
        return finding_report(in->findings, CHECK_UNMASKED_PATHS, "spec.dump", in->error,
                              "readonlyPaths does not protect %s", open);
    return 0;
}

static int check_hooks(const struct inspection *in)
{
    json_t *hooks = json_object_get(in->checkpoint->spec, "hooks"), *kind;
    const char *key;

    json_object_foreach(hooks, key, kind)
    {
        const json_t *hook;
        size_t i;

        json_array_foreach(kind, i, hook)
        {
            const char *path = json_get_text(hook, "path");

            if (finding_report(in->findings, CHECK_HOOK, "spec.dump", in->error, "%s runs \"%s\"",
                               key, path ? path : "") < 0)
                return -1;
        }
    }
    return 0;
}

/* CRI-O and containerd make a spec of their own, of which they take only the lists of paths from
 * the archive, and containerd not even these; podman takes all. */
int privileges_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error)
{
    static int (*const of_podman[])(const struct inspection *) = {
        check_namespaces, check_devices,     check_device_rules,    check_capabilities,
        check_seccomp,    check_confinement, check_network_devices,
    };
    const struct inspection in = {
        .checkpoint = checkpoint,
        .linux_part = json_object_get(checkpoint->spec, "linux"),
        .findings = findings,
        .error = error,
    };

    if (check_hooks(&in) < 0 || check_paths(&in) < 0)
        return -1;
    if (!checkpoint_suits_podman(checkpoint))
        return 0;
    for (size_t i = 0; i < sizeof of_podman / sizeof *of_podman; i++)
        if (of_podman[i](&in) < 0)
            return -1;
    return 0;
}
