// SPDX-License-Identifier: Apache-2.0
/*
 * The Pod (Kubernetes API, core/v1). Members have the order in which people write them. What gives
 * the container more than others have is only there if the user grants it.
 */
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "restore/job.h"

enum {
    BASE_POD_DEADLINE_S = 3600,
    PATH_SHOWN_MAX_LEN = 512,
};

static json_t *node_requirement(const char *label, const char *value)
{
    return json_pack("{s:s, s:s, s:[s]}", "key", label, "operator", "In", "values", value);
}

static void set_place(const struct restore_job *job, json_t *spec)
{
    const char *architecture = job->checkpoint->architecture;
    json_t *requirements;

    if (job->options->node) {
        json_set_text(spec, "nodeName", job->options->node);
        return;
    }
    requirements = json_pack("[o]", node_requirement("kubernetes.io/os", "linux"));
    if (architecture)
        json_array_append_new(requirements, node_requirement("kubernetes.io/arch", architecture));
    json_object_set_new(spec, "affinity",
                        json_pack("{s:{s:{s:[{s:o}]}}}", "nodeAffinity",
                                  "requiredDuringSchedulingIgnoredDuringExecution",
                                  "nodeSelectorTerms", "matchExpressions", requirements));
}

static void set_pull_secrets(const struct restore_job *job, json_t *spec)
{
    json_t *secrets = json_array(), *name;
    size_t i;

    json_array_foreach(job->options->pull_secrets, i, name)
    {
        json_array_append_new(secrets, json_pack("{s:O}", "name", name));
    }
    json_set_filled(spec, "imagePullSecrets", secrets);
}

static json_t *capabilities(const struct restore_job *job)
{
    const struct pod_settings *settings = &job->settings;
    json_t *add = json_array(), *result = json_object();

    if (settings->drops_capabilities)
        json_array_extend(add, settings->kept_capabilities);
    if (job->options->grants_privileges)
        json_array_extend(add, settings->further_capabilities);
    json_set_filled(result, "add", add);
    if (settings->drops_capabilities)
        json_object_set_new(result, "drop", json_pack("[s]", "ALL"));
    return result;
}

/* Whether the API server would refuse allowPrivilegeEscalation: false. */
static bool grants_all(const struct restore_job *job)
{
    const json_t *entry;
    size_t i;

    if (!job->options->grants_privileges)
        return false;
    json_array_foreach(job->settings.further_capabilities, i, entry)
    {
        if (strcmp(json_string_value(entry), "SYS_ADMIN") == 0)
            return true;
    }
    return job->settings.is_privileged;
}

static json_t *security_context(const struct restore_job *job)
{
    const struct pod_settings *settings = &job->settings;
    bool is_privileged = settings->is_privileged && job->options->grants_privileges;
    json_t *context = json_object();

    /* No engine takes a group without a user. */
    if (settings->user_id || settings->group_id)
        json_object_set_new(context, "runAsUser", json_integer(settings->user_id));
    if (settings->group_id)
        json_object_set_new(context, "runAsGroup", json_integer(settings->group_id));
    json_set_true(context, "readOnlyRootFilesystem", settings->has_read_only_root);
    json_set_true(context, "privileged", is_privileged);
    if (settings->has_no_new_privileges && !grants_all(job))
        json_object_set_new(context, "allowPrivilegeEscalation", json_false());
    if (!is_privileged)
        json_set_filled(context, "capabilities", capabilities(job));
    return context;
}

static json_t *millicores(int64_t number)
{
    return json_sprintf("%lldm", (long long)number);
}

static json_t *resources(const struct pod_settings *settings)
{
    json_t *requests = json_object(), *limits = json_object(), *result = json_object();

    if (settings->cpu_request_millicores)
        json_object_set_new(requests, "cpu", millicores(settings->cpu_request_millicores));
    if (settings->cpu_limit_millicores)
        json_object_set_new(limits, "cpu", millicores(settings->cpu_limit_millicores));
    if (settings->memory_limit_bytes)
        json_object_set_new(limits, "memory",
                            json_sprintf("%lld", (long long)settings->memory_limit_bytes));
    json_set_filled(result, "requests", requests);
    json_set_filled(result, "limits", limits);
    return result;
}

/* The API server refuses what leads out of the volume, so that it is not mounted as it is. */
static void set_sub_path(const struct mount_plan *plan, const struct plan_mount *mount,
                         json_t *entry)
{
    const struct plan_volume *volume = &plan->volumes[mount->volume];

    if (plan_mount_wants_path(plan, mount))
        json_set_text(entry, "subPath", "../" RESTORE_FILL_IN);
    else if (volume->kind == VOLUME_ENGINE_FILE)
        json_set_text(entry, "subPath", strrchr(mount->destination, '/') + 1);
}

static json_t *volume_mount(const struct restore_job *job, const struct plan_mount *mount)
{
    const struct plan_volume *volume = &job->plan.volumes[mount->volume];
    json_t *entry = json_pack("{s:s, s:s}", "name", volume->name, "mountPath", mount->destination);
    bool may_propagate = job->options->grants_privileges && job->settings.is_privileged;

    set_sub_path(&job->plan, mount, entry);
    json_set_true(entry, "readOnly", mount->is_read_only);
    if (mount->is_recursively_read_only)
        json_set_text(entry, "recursiveReadOnly", "IfPossible");
    else if (mount->propagation == PROPAGATION_BOTH && may_propagate)
        json_set_text(entry, "mountPropagation", "Bidirectional");
    else if (mount->propagation != PROPAGATION_NONE)
        json_set_text(entry, "mountPropagation", "HostToContainer");
    return entry;
}

static void set_mounts(const struct restore_job *job, json_t *container)
{
    json_t *mounts = json_array(), *devices = json_array();

    for (size_t i = 0; i < job->plan.mount_count; i++) {
        const struct plan_mount *mount = &job->plan.mounts[i];

        if (mount->owner != MOUNT_BY_POD)
            continue;
        if (mount->is_device)
            json_array_append_new(devices, json_pack("{s:s, s:s}", "name",
                                                     job->plan.volumes[mount->volume].name,
                                                     "devicePath", mount->destination));
        else
            json_array_append_new(mounts, volume_mount(job, mount));
    }
    json_set_filled(container, "volumeMounts", mounts);
    json_set_filled(container, "volumeDevices", devices);
}

static json_t *pod_container(const struct restore_job *job)
{
    const struct pod_settings *settings = &job->settings;
    json_t *container = json_pack("{s:s, s:s}", "name", job->container, "image", job->image);

    json_set_true(container, "stdin", settings->has_stdin);
    json_set_true(container, "tty", settings->has_terminal);
    json_set_text(container, "terminationMessagePath", job->plan.termination_log);
    json_set_filled(container, "resources", resources(settings));
    json_set_filled(container, "securityContext", security_context(job));
    set_mounts(job, container);
    return container;
}

static json_t *volume_source(enum volume_kind kind, const char **type)
{
    static const char mark[] = RESTORE_FILL_IN;

    switch (kind) {
    case VOLUME_EMPTY_DIR:
    case VOLUME_ENGINE:
        *type = "emptyDir";
        return json_object();
    case VOLUME_TMPFS:
        *type = "emptyDir";
        return json_pack("{s:s}", "medium", "Memory");
    case VOLUME_CONFIG_MAP:
    case VOLUME_ENGINE_FILE:
        *type = "configMap";
        return json_pack("{s:s}", "name", mark);
    case VOLUME_SECRET:
        *type = "secret";
        return json_pack("{s:s}", "secretName", mark);
    case VOLUME_PROJECTED:
        *type = "projected";
        return json_pack("{s:[{s:{s:s}}]}", "sources", "configMap", "name", mark);
    case VOLUME_DOWNWARD_API:
        *type = "downwardAPI";
        return json_pack("{s:[{s:s, s:{s:s}}]}", "items", "path", mark, "fieldRef", "fieldPath",
                         mark);
    case VOLUME_PERSISTENT:
    case VOLUME_DEVICE:
    case VOLUME_HOST:
    case VOLUME_UNKNOWN:
        break;
    }
    /* The API server refuses the name, so that nobody starts with an empty volume by mistake. */
    *type = "persistentVolumeClaim";
    return json_pack("{s:s}", "claimName", mark);
}

/* A name that no volume has. */
static char *base_volume_name(const struct mount_plan *plan)
{
    char *name = xstrdup("base-image");

    for (size_t i = 0; i < plan->volume_count; i++) {
        if (strcmp(plan->volumes[i].name, name) != 0)
            continue;
        free(name);
        name = xasprintf("base-image-%zu", plan->volume_count + 1);
        break;
    }
    return name;
}

static json_t *pod_volumes(const struct restore_job *job)
{
    json_t *volumes = json_array();

    for (size_t i = 0; i < job->plan.volume_count; i++) {
        const struct plan_volume *volume = &job->plan.volumes[i];
        const char *type;
        json_t *source = volume_source(volume->kind, &type);

        json_array_append_new(volumes, json_pack("{s:s, s:o}", "name", volume->name, type, source));
    }
    if (job->options->base == RESTORE_BASE_BY_VOLUME) {
        cleanup_free char *name = base_volume_name(&job->plan);

        json_array_append_new(volumes,
                              json_pack("{s:s, s:{s:s, s:s}}", "name", name, "image", "reference",
                                        job->base_image, "pullPolicy", "IfNotPresent"));
    }
    return volumes;
}

static void set_namespaces(const struct restore_job *job, json_t *spec)
{
    const struct pod_settings *settings = &job->settings;

    if (job->options->grants_privileges) {
        json_set_true(spec, "hostNetwork", settings->has_host_network);
        json_set_true(spec, "hostPID", settings->has_host_pid);
        json_set_true(spec, "hostIPC", settings->has_host_ipc);
    }
    json_set_true(spec, "shareProcessNamespace", settings->shares_processes);
}

static json_t *new_pod(const char *name, const char *pod_namespace, json_t *spec)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:o}", "apiVersion", "v1", "kind", "Pod", "metadata",
                     "name", name, "namespace", pod_namespace, "spec", spec);
}

static json_t *make_pod(const struct restore_job *job)
{
    json_t *spec = json_object();

    set_place(job, spec);
    set_namespaces(job, spec);
    set_pull_secrets(job, spec);
    if (!job->plan.has_token)
        json_object_set_new(spec, "automountServiceAccountToken", json_false());
    if (job->settings.grace_period_s)
        json_object_set_new(spec, "terminationGracePeriodSeconds",
                            json_integer(job->settings.grace_period_s));
    json_object_set_new(spec, "containers", json_pack("[o]", pod_container(job)));
    json_set_filled(spec, "volumes", pod_volumes(job));
    return new_pod(job->name, job->pod_namespace, spec);
}

/* All that is wanted is that the kubelet pulls the image, which it does before it starts anything.
 * Nothing of the image runs, because no command can be below /dev/null. The deadline ends the
 * attempts of an engine that tries again. */
static json_t *make_base_pod(const struct restore_job *job)
{
    cleanup_free char *name = xasprintf("%.240s-base-image", job->name);
    json_t *spec = json_object();

    set_place(job, spec);
    set_pull_secrets(job, spec);
    json_object_set_new(spec, "automountServiceAccountToken", json_false());
    json_set_text(spec, "restartPolicy", "Never");
    json_object_set_new(spec, "activeDeadlineSeconds", json_integer(BASE_POD_DEADLINE_S));
    json_object_set_new(spec, "containers",
                        json_pack("[{s:s, s:s, s:s, s:[s]}]", "name", "base-image", "image",
                                  job->base_image, "imagePullPolicy", "IfNotPresent", "command",
                                  "/dev/null/only-to-pull-the-image"));
    return new_pod(name, job->pod_namespace, spec);
}

/* Behind a claim there can be any kind of volume, so that it stands for what is not known. */
#define INSTEAD_OF_CLAIM "a claim, or the volume that is to be there instead of one"

/* What is to be filled in where a volume's kind, or more of it, is not known; NULL: nothing. The
 * caller's. */
static char *volume_mark(const struct plan_volume *volume)
{
    const char *name = volume->known_as ? volume->known_as : volume->name;

    switch (volume->kind) {
    case VOLUME_EMPTY_DIR:
    case VOLUME_TMPFS:
    case VOLUME_ENGINE:
        break;
    case VOLUME_ENGINE_FILE:
        return xasprintf("a ConfigMap that holds the file, which the engine had made");
    case VOLUME_CONFIG_MAP:
        return xasprintf("the ConfigMap of the volume that was called \"%s\"", name);
    case VOLUME_SECRET:
        return xasprintf("the Secret of the volume that was called \"%s\"", name);
    case VOLUME_PROJECTED:
        return xasprintf("the sources of the projected volume that was called \"%s\"", name);
    case VOLUME_DOWNWARD_API:
        return xasprintf("path and fieldPath of the volume that was called \"%s\"", name);
    case VOLUME_PERSISTENT:
        return xasprintf(INSTEAD_OF_CLAIM
                         "; \"%.256s\" is the persistent volume, or the volume in the pod, and %s "
                         "its plugin",
                         name, volume->plugin);
    case VOLUME_DEVICE:
        return xasprintf("a claim with volumeMode: Block, for the device %.*s", PATH_SHOWN_MAX_LEN,
                         volume->path);
    case VOLUME_HOST:
        return xasprintf(INSTEAD_OF_CLAIM
                         "; the archive says it was \"%.*s\" of the host. Mount that only if "
                         "you trust whoever made the archive with it",
                         PATH_SHOWN_MAX_LEN, volume->path);
    case VOLUME_UNKNOWN:
        return volume->known_as
                   ? xasprintf(INSTEAD_OF_CLAIM "; it was called \"%.256s\"", volume->known_as)
                   : xstrdup(INSTEAD_OF_CLAIM "; the archive tells nothing of it");
    }
    return NULL;
}

/* What is to be filled in of the mounts of a volume. */
static void mark_mounts(struct restore_job *job, size_t volume)
{
    const char *name = job->plan.volumes[volume].name;

    for (size_t i = 0; i < job->plan.mount_count; i++) {
        const struct plan_mount *mount = &job->plan.mounts[i];

        if (mount->owner != MOUNT_BY_POD || mount->volume != volume ||
            !plan_mount_wants_path(&job->plan, mount))
            continue;
        if (mount->is_file)
            restore_say(job->marks,
                        "subPath of the mount on %s, which was a file: the file's path in the "
                        "volume %s, for all of \"../" RESTORE_FILL_IN
                        "\". A directory mounted there cannot be restored",
                        mount->destination, name);
        else
            restore_say(job->marks,
                        "subPath of the mount on %s: the path in the volume %s that is mounted "
                        "there, for all of \"../" RESTORE_FILL_IN "\"",
                        mount->destination, name);
    }
}

static void mark_volumes(struct restore_job *job)
{
    for (size_t i = 0; i < job->plan.volume_count; i++) {
        cleanup_free char *mark = volume_mark(&job->plan.volumes[i]);

        if (mark)
            restore_say(job->marks, "volume %s: %s", job->plan.volumes[i].name, mark);
        mark_mounts(job, i);
    }
}

void restore_make_pods(struct restore_job *job)
{
    job->kit->documents = json_array();
    if (job->options->base == RESTORE_BASE_BY_POD)
        json_array_append_new(job->kit->documents, make_base_pod(job));
    json_array_append_new(job->kit->documents, make_pod(job));
    mark_volumes(job);
}
