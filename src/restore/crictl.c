// SPDX-License-Identifier: Apache-2.0
/*
 * The configurations that `crictl runp` and `crictl create` read (CRI, PodSandboxConfig and
 * ContainerConfig). Without a kubelet, what it would mount comes from a directory; the notes say
 * how to make it.
 */
#include <string.h>

#include "base/json.h"
#include "base/kube-name.h"
#include "base/memory.h"
#include "restore/job.h"

/* Nothing can be created below /dev/null, so that the engine refuses the mount. */
#define NO_SUCH_PATH "/dev/null/" RESTORE_FILL_IN

/* CRI's enums NamespaceMode and MountPropagation. */
enum { NAMESPACE_OF_CONTAINER = 1, NAMESPACE_OF_NODE = 2 };

static json_t *namespace_options(const struct restore_job *job)
{
    const struct pod_settings *settings = &job->settings;
    bool grants = job->options->grants_privileges;
    json_t *options = json_object();

    if (grants && settings->has_host_network)
        json_object_set_new(options, "network", json_integer(NAMESPACE_OF_NODE));
    if (grants && settings->has_host_pid)
        json_object_set_new(options, "pid", json_integer(NAMESPACE_OF_NODE));
    else if (!settings->shares_processes)
        json_object_set_new(options, "pid", json_integer(NAMESPACE_OF_CONTAINER));
    if (grants && settings->has_host_ipc)
        json_object_set_new(options, "ipc", json_integer(NAMESPACE_OF_NODE));
    return options;
}

static json_t *make_pod_config(const struct restore_job *job)
{
    const char *hostname = json_get_text(job->checkpoint->spec, "hostname");
    json_t *pod = json_pack("{s:{s:s, s:s, s:s, s:i}}", "metadata", "name", job->name, "namespace",
                            job->pod_namespace, "uid", "ckptoci-restore", "attempt", 0);
    json_t *security = json_pack("{s:o}", "namespace_options", namespace_options(job));

    if (hostname && dns_is_label(hostname))
        json_set_text(pod, "hostname", hostname);
    json_object_set_new(pod, "log_directory", json_sprintf("%s/log", job->directory));
    json_set_true(security, "privileged",
                  job->options->grants_privileges && job->settings.is_privileged);
    json_object_set_new(pod, "linux", json_pack("{s:o}", "security_context", security));
    return pod;
}

static const char *kubelet_file(const struct plan_mount *mount)
{
    if (strcmp(mount->destination, MOUNT_ETC_HOSTS) == 0)
        return "hosts";
    return strcmp(mount->destination, MOUNT_TOKEN_DIRECTORY) == 0 ? "serviceaccount"
                                                                  : "termination-log";
}

static json_t *host_path(const struct restore_job *job, const struct plan_mount *mount)
{
    const struct plan_volume *volume;

    if (mount->owner == MOUNT_BY_KUBELET)
        return json_sprintf("%s/%s", job->directory, kubelet_file(mount));
    volume = &job->plan.volumes[mount->volume];
    if (plan_volume_begins_empty(volume) && !mount->is_sub_path)
        return json_sprintf("%s/volumes/%s", job->directory, volume->name);
    return json_string(NO_SUCH_PATH);
}

static json_t *make_mounts(const struct restore_job *job)
{
    json_t *mounts = json_array();

    for (size_t i = 0; i < job->plan.mount_count; i++) {
        const struct plan_mount *mount = &job->plan.mounts[i];
        json_t *entry;

        if (mount->is_device)
            continue;
        entry = json_pack("{s:s, s:o}", "container_path", mount->destination, "host_path",
                          host_path(job, mount));
        json_set_true(entry, "readonly", mount->is_read_only);
        if (mount->propagation != PROPAGATION_NONE)
            json_object_set_new(entry, "propagation", json_integer(PROPAGATION_FROM_HOST));
        json_array_append_new(mounts, entry);
    }
    return mounts;
}

/* Devices have a list of their own. */
static json_t *make_devices(const struct restore_job *job)
{
    json_t *devices = json_array();

    for (size_t i = 0; i < job->plan.mount_count; i++)
        if (job->plan.mounts[i].is_device)
            json_array_append_new(devices, json_pack("{s:s, s:s, s:s}", "container_path",
                                                     job->plan.mounts[i].destination, "host_path",
                                                     NO_SUCH_PATH, "permissions", "rwm"));
    return devices;
}

static json_t *capabilities(const struct restore_job *job)
{
    const struct pod_settings *settings = &job->settings;
    json_t *add = json_array(), *result = json_object();

    if (settings->drops_capabilities) {
        json_array_extend(add, settings->kept_capabilities);
        json_object_set_new(result, "drop_capabilities", json_pack("[s]", "ALL"));
    }
    if (job->options->grants_privileges)
        json_array_extend(add, settings->further_capabilities);
    json_set_filled(result, "add_capabilities", add);
    return result;
}

static json_t *security_context(const struct restore_job *job)
{
    const struct pod_settings *settings = &job->settings;
    json_t *context = json_pack("{s:o}", "namespace_options", namespace_options(job));

    json_set_filled(context, "capabilities", capabilities(job));
    /* No engine takes a group without a user. */
    if (settings->user_id || settings->group_id)
        json_object_set_new(context, "run_as_user",
                            json_pack("{s:I}", "value", (json_int_t)settings->user_id));
    if (settings->group_id)
        json_object_set_new(context, "run_as_group",
                            json_pack("{s:I}", "value", (json_int_t)settings->group_id));
    json_set_true(context, "readonly_rootfs", settings->has_read_only_root);
    json_set_true(context, "no_new_privs", settings->has_no_new_privileges);
    json_set_true(context, "privileged",
                  settings->is_privileged && job->options->grants_privileges);
    return context;
}

static json_t *make_container_config(const struct restore_job *job)
{
    json_t *container =
        json_pack("{s:{s:s, s:i}, s:{s:s}, s:o, s:o}", "metadata", "name", job->container,
                  "attempt", 0, "image", "image", job->image, "log_path",
                  json_sprintf("%s.log", job->container), "mounts", make_mounts(job));

    json_set_filled(container, "devices", make_devices(job));
    json_set_true(container, "stdin", job->settings.has_stdin);
    json_set_true(container, "tty", job->settings.has_terminal);
    json_object_set_new(container, "linux",
                        json_pack("{s:o}", "security_context", security_context(job)));
    return container;
}

static void mark_mounts(struct restore_job *job)
{
    for (size_t i = 0; i < job->plan.mount_count; i++) {
        const struct plan_mount *mount = &job->plan.mounts[i];
        const struct plan_volume *volume;

        if (mount->owner != MOUNT_BY_POD)
            continue;
        volume = &job->plan.volumes[mount->volume];
        if (plan_volume_begins_empty(volume) && !mount->is_sub_path)
            continue;
        restore_say(job->marks,
                    "host_path of the %s %s: a path of the node, for all of \"" NO_SUCH_PATH
                    "\"; it was %s\"%s\"",
                    mount->is_device ? "device" : "mount on", mount->destination,
                    mount->is_file ? "the file " : "", volume->path);
    }
}

void restore_make_crictl(struct restore_job *job)
{
    job->kit->documents = json_pack("[o, o]", make_pod_config(job), make_container_config(job));
    mark_mounts(job);
}
