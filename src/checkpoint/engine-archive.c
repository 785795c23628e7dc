// SPDX-License-Identifier: Apache-2.0
/* What engines ask of the archive, and of the node and the pod that it is restored in. */
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/engine-rules.h"
#include "checkpoint/mount-owner.h"
#include "oci/digest.h"
#include "oci/reference.h"

/* A hostile spec.dump may list as many mounts as it likes; all of them are in the items. */
enum { LISTED_MAX = 16, LIST_ENTRY_MAX_LEN = 96 };

void engine_check_crio_annotations(const struct engine_rule *rule,
                                   const struct restore_subject *subject,
                                   struct reasoning *reasoning)
{
    static const char key[] = "io.kubernetes.cri-o.Annotations";
    const json_t *annotations = json_object_get(subject->spec, "annotations");
    const char *text = json_get_text(annotations, key);
    cleanup(json_decrefp) json_t *json = text ? json_loads(text, 0, NULL) : NULL;

    if (json_is_object(json))
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "the annotation %s in spec.dump is %s, and CRI-O does not create the container",
                  key, text ? "no JSON object" : "missing");
}

static bool is_image_id(const char *text)
{
    return strlen(text) == SHA256_HEX_LEN && strspn(text, "0123456789abcdef") == SHA256_HEX_LEN;
}

void engine_check_crio_image_id(const struct engine_rule *rule,
                                const struct restore_subject *subject, struct reasoning *reasoning)
{
    const char *id = json_get_text(subject->config, "rootfsImageRef");

    if (!id || !*id || is_image_id(id))
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "rootfsImageRef in config.dump is \"%.128s\", and CRI-O takes only an empty one "
                  "or 64 hex digits",
                  id);
}

void engine_check_deleted_files(const struct engine_rule *rule,
                                const struct restore_subject *subject, struct reasoning *reasoning)
{
    if (subject->members.has_deleted_files)
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "deleted.files is missing, without which CRI-O 1.26 gives up");
}

/* CRI-O 1.26 writes no rootfsImageRef. */
void engine_check_written_by_newer(const struct engine_rule *rule,
                                   const struct restore_subject *subject,
                                   struct reasoning *reasoning)
{
    if (!json_object_get(subject->config, "rootfsImageRef"))
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "config.dump has members that a newer CRI-O writes: CRI-O 1.26 was seen not to "
                  "restore an archive of 1.36, for want of a mount");
}

void engine_check_status_dump(const struct engine_rule *rule, const struct restore_subject *subject,
                              struct reasoning *reasoning)
{
    if (subject->members.has_status_dump)
        return;
    reasoning_add(reasoning, VERDICT_NO, rule->name, NULL,
                  "status.dump is missing, which containerd writes and wants from 2.1 on");
}

static const char *base_image(const struct checkpoint *checkpoint)
{
    return checkpoint->image_name ? checkpoint->image_name : checkpoint->image_requested;
}

/* Nobody shall paste into a shell what an archive says, unless it is a plain reference. */
static bool is_reference(const char *name)
{
    struct reference reference = {0};
    struct error ignored;

    if (reference_parse(&reference, name, &ignored))
        return false;
    reference_done(&reference);
    return true;
}

/* False: there is nothing to name, and a line says so. */
static bool check_base_name(const struct engine_rule *rule, enum verdict verdict, const char *name,
                            struct reasoning *reasoning)
{
    if (name && is_reference(name))
        return true;
    if (name)
        reasoning_add(reasoning, verdict, rule->name, json_pack("[s]", name),
                      "the archive calls its base image \"%.128s\", which is no name of an image",
                      name);
    else
        reasoning_add(reasoning, verdict, rule->name, NULL,
                      "the archive does not name its base image");
    return false;
}

static void need_base_image(const struct engine_rule *rule, const struct checkpoint *checkpoint,
                            struct reasoning *reasoning, const char *why)
{
    const char *name = base_image(checkpoint), *digest = checkpoint->image_digest;

    if (check_base_name(rule, VERDICT_UNKNOWN, name, reasoning))
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, json_pack("[s]", name),
                      "the base image %.256s%s%s%s, pulled before: %s", name, digest ? " (" : "",
                      digest ? digest : "", digest ? ")" : "", why);
}

void engine_check_base_on_node(const struct engine_rule *rule,
                               const struct restore_subject *subject, struct reasoning *reasoning)
{
    need_base_image(rule, subject->checkpoint, reasoning,
                    "CRI-O does not pull it and says \"image not known\"");
}

void engine_check_podman_base(const struct engine_rule *rule, const struct restore_subject *subject,
                              struct reasoning *reasoning)
{
    need_base_image(rule, subject->checkpoint, reasoning,
                    "the checkpoint holds only what the container has changed in it");
}

void engine_check_containerd_base(const struct engine_rule *rule,
                                  const struct restore_subject *subject,
                                  struct reasoning *reasoning)
{
    const char *name = json_get_text(subject->config, "rootfsImageName");
    struct digest id;

    if (name && digest_parse(&id, name) == 0)
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, json_pack("[s]", name),
                      "the base image %s on the node: there is no name to pull it by", id.text);
    else if (check_base_name(rule, VERDICT_NO, name && *name ? name : NULL, reasoning))
        reasoning_add(reasoning, VERDICT_YES, rule->name, json_pack("[s]", name),
                      "the base image %.256s can be pulled by its name", name);
}

/* A mount that the pod has to have, shared and not copied; `by_kubelet` gets those that every pod
 * has. */
static void sort_mount(json_t *mount, bool knows_passwd, json_t *declared, json_t *by_kubelet)
{
    json_t *path = json_object_get(mount, "destination");
    const char *destination = json_string_value(path);
    enum mount_owner owner;

    if (!destination || (owner = mount_owner(destination, knows_passwd)) == MOUNT_BY_ENGINE)
        return;
    json_array_append(owner == MOUNT_BY_KUBELET ? by_kubelet : declared, path);
}

static char *list_items(const json_t *items)
{
    size_t count = json_array_size(items);
    char *list = xstrdup("");

    for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
        char *longer = xasprintf("%s%s%.*s", list, i ? ", " : "", LIST_ENTRY_MAX_LEN,
                                 json_string_value(json_array_get(items, i)));

        free(list);
        list = longer;
    }
    if (count > LISTED_MAX) {
        char *longer = xasprintf("%s and %zu more", list, count - LISTED_MAX);

        free(list);
        list = longer;
    }
    return list;
}

static void check_mounts(const struct engine_rule *rule, const struct restore_subject *subject,
                         struct reasoning *reasoning, bool knows_passwd)
{
    json_t *declared = json_array(), *by_kubelet = json_array(), *mount;
    cleanup_free char *list = NULL, *usual = NULL;
    size_t i;

    json_array_foreach(json_object_get(subject->spec, "mounts"), i, mount)
    {
        sort_mount(mount, knows_passwd, declared, by_kubelet);
    }
    list = list_items(declared);
    usual = list_items(by_kubelet);
    if (*list)
        reasoning_add(reasoning, VERDICT_NEEDS, rule->name, declared,
                      "a pod that declares a mount at each of %s", list);
    else
        reasoning_add(reasoning, VERDICT_YES, rule->name, declared,
                      "the new pod has no mount of its own to declare");
    if (*usual)
        reasoning_add(reasoning, VERDICT_YES, "kubelet-mounts", by_kubelet,
                      "the kubelet itself mounts %s, unless the pod has "
                      "automountServiceAccountToken: false",
                      usual);
    else
        json_decref(by_kubelet);
}

void engine_check_mounts(const struct engine_rule *rule, const struct restore_subject *subject,
                         struct reasoning *reasoning)
{
    check_mounts(rule, subject, reasoning, false);
}

void engine_check_mounts_and_passwd(const struct engine_rule *rule,
                                    const struct restore_subject *subject,
                                    struct reasoning *reasoning)
{
    check_mounts(rule, subject, reasoning, true);
}
