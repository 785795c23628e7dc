// SPDX-License-Identifier: Apache-2.0
/* What a person has to know who restores it: what is to be filled in, what the node needs, which
 * commands to run. Lines that begin with a space are commands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/kube-name.h"
#include "base/memory.h"
#include "base/text.h"
#include "restore/job.h"

enum { LINE_MAX_BYTES = 4096 };

void restore_say(json_t *lines, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    cleanup_free char *shown = NULL;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    shown = display_text(text, LINE_MAX_BYTES);
    json_array_append_new(lines, json_string(shown));
}

static void blank(json_t *notes)
{
    json_array_append_new(notes, json_string(""));
}

/* "TITLE" and a line with a dash for each text, if there is any. */
static void add_list(json_t *notes, const char *title, const json_t *texts)
{
    const json_t *text;
    size_t i;

    if (json_array_size(texts) == 0)
        return;
    blank(notes);
    restore_say(notes, "%s", title);
    json_array_foreach(texts, i, text)
    {
        restore_say(notes, "- %s", json_string_value(text));
    }
}

/* A text that cannot be a name is only told in the list of what is to be filled in: here it would
 * look like a sentence of this program. */
static const char *show_name(const char *name, bool is_valid(const char *))
{
    return !name ? "(not told)" : is_valid(name) ? name : "(not a name)";
}

static void add_heading(const struct restore_job *job, json_t *notes)
{
    const struct checkpoint *checkpoint = job->checkpoint;
    const char *engine = engine_name(checkpoint->engine),
               *name = subject_name(job->options->subject);
    cleanup_free char *when = checkpoint->time > 0 ? clock_format(checkpoint->time) : NULL;

    restore_say(notes, "%s container %s of pod %s in namespace %s,",
                job->options->target == RESTORE_BY_CRICTL ? "Restores with crictl the"
                                                          : "A Pod that restores the",
                show_name(checkpoint->container, dns_is_label),
                show_name(checkpoint->pod, dns_is_subdomain),
                show_name(checkpoint->pod_namespace, dns_is_label));
    restore_say(notes, "checkpointed %s by %s%s%s%s.",
                when ? when : "at a time that it does not tell",
                engine ? engine : "an unknown engine", checkpoint->architecture ? " on linux/" : "",
                checkpoint->architecture ? checkpoint->architecture : "",
                job->reading.manifest ? ", from an image" : ", from an archive");
    restore_say(notes, "Made from %s", strcmp(name, "-") == 0 ? "standard input" : name);
}

static void add_marks(const struct restore_job *job, json_t *notes)
{
    add_list(notes,
             "To fill in first, where it says " RESTORE_FILL_IN
             ". Until then it is refused, or the pod does not start:",
             job->marks);
}

/* What only the archive says that the container had. */
static json_t *list_privileges(const struct pod_settings *settings)
{
    json_t *list = json_array(), *entry;
    size_t i;

    if (settings->is_privileged)
        json_array_append_new(list, json_string("privileged"));
    if (settings->has_host_network)
        json_array_append_new(list, json_string("hostNetwork"));
    if (settings->has_host_pid)
        json_array_append_new(list, json_string("hostPID"));
    if (settings->has_host_ipc)
        json_array_append_new(list, json_string("hostIPC"));
    if (!settings->is_privileged)
        json_array_foreach(settings->further_capabilities, i, entry)
        {
            json_array_append_new(list, json_sprintf("capability %s", json_string_value(entry)));
        }
    return list;
}

static void add_privileges(const struct restore_job *job, json_t *notes)
{
    cleanup(json_decrefp) json_t *list = list_privileges(&job->settings);

    add_list(notes,
             job->options->grants_privileges
                 ? "Granted, as you asked for it, on the archive's word alone:"
                 : "The archive says that the container had these as well. They are left out: "
                   "--privileges grants them, if you trust whoever made the archive:",
             list);
}

static void add_security_modules(const struct restore_job *job, json_t *texts)
{
    if (job->settings.selinux_label)
        restore_say(texts,
                    "its SELinux label was %.256s: where a node enforces SELinux, "
                    "securityContext.seLinuxOptions.level has to be the same",
                    job->settings.selinux_label);
    if (job->settings.apparmor_profile)
        restore_say(texts, "its AppArmor profile was %.256s: the node needs it",
                    job->settings.apparmor_profile);
}

static void add_needs(const struct restore_job *job, json_t *notes)
{
    const struct engine_info *engine = engine_info(job->engine);
    struct engine_version passwd_since = engine_passwd_since(job->engine);
    cleanup_free char *title =
        xasprintf("What %s needs:", engine->name ? engine->name : "the engine");
    cleanup(json_decrefp) json_t *texts = json_copy(job->needs);

    if (passwd_since.major && job->plan.has_passwd && !job->options->version_text)
        restore_say(texts,
                    "%s before %d.%d: a mount on /etc/passwd as well, which is declared with "
                    "--engine %s --engine-version VERSION",
                    engine->name, passwd_since.major, passwd_since.minor, engine->option);
    add_security_modules(job, texts);
    add_list(notes, title, texts);
}

/* How the base image gets to the node. */
static void add_base(const struct restore_job *job, json_t *notes)
{
    const char *base = job->base_image, *digest = job->checkpoint->image_digest;
    bool by_hand = job->options->base == RESTORE_BASE_BY_HAND;
    bool by_engine = engine_info(job->engine)->pulls_base_image;

    blank(notes);
    if (!base) {
        restore_say(notes, "The base image has to be on the node already: the archive tells no "
                           "name to pull it by.");
        return;
    }
    if (by_engine)
        restore_say(notes,
                    "%s pulls the base image itself, but without credentials; for a registry that "
                    "wants some, before:",
                    engine_name(job->engine));
    else if (job->options->base == RESTORE_BASE_BY_VOLUME)
        restore_say(notes,
                    "The base image is pulled as an image volume, which Kubernetes has on by "
                    "default from 1.35 on, and engines from CRI-O 1.31 and containerd 2.1. "
                    "Without it, on the node:");
    else if (job->options->base == RESTORE_BASE_BY_POD)
        restore_say(notes,
                    "The first Pod only has the base image pulled. Nothing of it runs: there is "
                    "no such command in it, for which it shows an error. Then it can be "
                    "deleted. By hand:");
    else
        restore_say(notes,
                    "The base image has to be on the node before: the engine does not pull "
                    "it. As root on the node%s",
                    job->options->target == RESTORE_BY_CRICTL ? ":" : ", or see --pull-base:");
    restore_say(notes, "    crictl pull %s", base);
    if (by_hand && digest && !by_engine) {
        restore_say(notes,
                    "That the name still stands for the image it was made from, this shows:");
        restore_say(notes, "    crictl inspecti %s | grep %s", base, digest);
    }
}

static void add_empty_volumes(const struct restore_job *job, json_t *texts)
{
    for (size_t i = 0; i < job->plan.volume_count; i++) {
        const struct plan_volume *volume = &job->plan.volumes[i];

        if (volume->kind == VOLUME_EMPTY_DIR || volume->kind == VOLUME_TMPFS)
            restore_say(texts,
                        "volume %s begins empty: what was in it is not in the checkpoint, and a "
                        "process that has a file open there is not restored",
                        volume->name);
        else if (volume->kind == VOLUME_ENGINE)
            restore_say(texts,
                        "volume %s stands for a directory that the engine had made, as for VOLUME "
                        "in a Dockerfile; it begins empty, and the Pod has to declare it",
                        volume->name);
    }
}

static void add_remarks(const struct restore_job *job, json_t *notes)
{
    cleanup(json_decrefp) json_t *texts = json_array();

    add_empty_volumes(job, texts);
    restore_say(texts, "labels, ports and probes are not in the archive: without its labels no "
                       "Service finds the pod");
    if (job->plan.has_token)
        restore_say(texts, "the service account is not in it either: the pod gets the token of "
                           "\"default\" unless it names another");
    restore_say(texts,
                "where the pod says \"no command specified\", the engine has not known the image "
                "for a checkpoint: ckptoci verify tells why");
    restore_say(texts, "when its process ends, the kubelet restores the container again; "
                       "restartPolicy: Never stops that");
    if (!job->options->name)
        restore_say(texts, "as long as the old pod is there, this one needs another --name");
    add_list(notes, "Worth knowing:", texts);
}

static void add_pod_commands(const struct restore_job *job, json_t *notes)
{
    blank(notes);
    restore_say(notes, "Then:");
    restore_say(notes, "    kubectl create -f FILE");
    restore_say(notes, "    kubectl get pod -n %s %s", job->pod_namespace, job->name);
}

/* What the kubelet would mount. */
static void add_directory(const struct restore_job *job, json_t *notes)
{
    const char *directory = job->directory;

    restore_say(notes, "    mkdir -p %s/log", directory);
    for (size_t i = 0; i < job->plan.mount_count; i++) {
        const struct plan_mount *mount = &job->plan.mounts[i];

        if (mount->owner != MOUNT_BY_KUBELET)
            continue;
        if (strcmp(mount->destination, MOUNT_ETC_HOSTS) == 0)
            restore_say(notes, "    cp /etc/hosts %s/hosts", directory);
        else if (strcmp(mount->destination, MOUNT_TOKEN_DIRECTORY) == 0)
            restore_say(notes, "    mkdir %s/serviceaccount", directory);
        else
            restore_say(notes, "    touch %s/termination-log", directory);
    }
    for (size_t i = 0; i < job->plan.volume_count; i++)
        if (plan_volume_begins_empty(&job->plan.volumes[i]))
            restore_say(notes, "    mkdir -p %s/volumes/%s", directory, job->plan.volumes[i].name);
}

static void add_crictl_commands(const struct restore_job *job, json_t *notes)
{
    bool is_reference = job->image[0] != '/' && strcmp(job->image, RESTORE_FILL_IN) != 0;

    blank(notes);
    restore_say(notes, "Then, as root on the node, where the two files are:");
    add_directory(job, notes);
    if (is_reference)
        restore_say(notes, "    crictl pull %s", job->image);
    restore_say(notes, "    pod=$(crictl runp pod-config.json)");
    restore_say(notes, "    container=$(crictl create \"$pod\" container-config.json "
                       "pod-config.json)");
    restore_say(notes, "    crictl start \"$container\"");
    blank(notes);
    restore_say(notes,
                "A kubelet on that node would remove the pod, which is none of its own: stop "
                "it, or take a node without one.");
}

void restore_make_notes(struct restore_job *job)
{
    json_t *notes = json_array();
    bool is_crictl = job->options->target == RESTORE_BY_CRICTL;

    add_heading(job, notes);
    add_marks(job, notes);
    add_privileges(job, notes);
    add_needs(job, notes);
    add_base(job, notes);
    if (is_crictl)
        add_crictl_commands(job, notes);
    else
        add_pod_commands(job, notes);
    if (!is_crictl)
        add_remarks(job, notes);
    job->kit->notes = notes;
}
