// SPDX-License-Identifier: Apache-2.0
/* What each engine asks for, in which of its versions: of the image, which without one is seen as
 * convert would make it; of the archive; and of the node and the pod that it is restored in. */
#include "engines/rules.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/mount.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/reference.h"

/* A hostile spec.dump may list as many mounts as it likes; all of them are in the items. */
enum { LISTED_MAX = 16, LIST_ENTRY_MAX_LEN = 96 };

const struct engine_range engine_ranges[] = {
    {ENGINE_CRIO, "before 1.26", {1, 25, 0}},
    {ENGINE_CRIO, "1.26", {1, 26, 0}},
    {ENGINE_CRIO, "1.27 to 1.34", {1, 34, 0}},
    {ENGINE_CRIO, "1.35 and 1.36", {1, 36, 0}},
    {ENGINE_CRIO, "main of August 2026", {.major = ENGINE_VERSION_MAX}},
    {ENGINE_CONTAINERD, "before 2.1", {2, 0, 0}},
    {ENGINE_CONTAINERD, "2.1 to 2.2.6, 2.3.0 to 2.3.3", {2, 2, 0}},
    {ENGINE_CONTAINERD, "from 2.2.7, from 2.3.4", {2, 3, 4}},
    {ENGINE_CONTAINERD, "2.4 and newer", {2, 4, 0}},
    {ENGINE_PODMAN, "before 4.1", {4, 0, 0}},
    {ENGINE_PODMAN, "4.1 to 5.x", {5, 0, 0}},
    {.engine = ENGINE_UNKNOWN},
};

static void check_manifest_type(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;

    if (!image || strcmp(image->manifest_type, MEDIA_TYPE_MANIFEST) == 0)
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "the manifest is of type %.255s, and only an OCI image manifest has the "
                  "annotations that mark a checkpoint",
                  image->manifest_type);
}

static void check_config_type(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;

    if (!image || strcmp(image->config_type, MEDIA_TYPE_CONFIG) == 0)
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "the config is of type %.255s, and engines take only " MEDIA_TYPE_CONFIG,
                  image->config_type);
}

static void check_layer_type(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;

    if (!image || image->layer_type_is_true)
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "the layer's bytes are not what its type %.255s says, and containerd goes by the "
                  "type",
                  image->layer_type);
}

static void check_platform(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;
    const char *os = image ? image->os : "linux";
    const char *architecture = image ? image->architecture : in->subject->checkpoint->architecture;

    if (os && *os && architecture && *architecture && strcmp(architecture, "unknown") != 0) {
        reasoning_add(in, VERDICT_YES, NULL, "the image is for %.64s/%.64s, as the node has to be",
                      os, architecture);
    } else if (image) {
        reasoning_add(in, VERDICT_NO, NULL,
                      "the image's config names no platform, and containerd takes only an image "
                      "for the node's");
    } else {
        reasoning_add(in, VERDICT_NEEDS, NULL,
                      "the node's architecture in the image, with convert --arch: the archive does "
                      "not tell it, and containerd takes only an image for it");
    }
}

/* The annotation that marks the image: as it is in `annotations`, or as convert would write it. */
static void judge_mark(const struct inquiry *in, const json_t *annotations, const char *where)
{
    const char *key = engine_info(in->engine)->image_mark;

    if (in->subject->image && json_is_string(json_object_get(annotations, key)))
        reasoning_add(in, VERDICT_YES, NULL, "%s the annotation %s that marks a checkpoint", where,
                      key);
    else if (in->subject->image)
        reasoning_add(in, VERDICT_NO, NULL,
                      "%s no annotation %s: nothing marks the image as a checkpoint, and the pod "
                      "fails for want of a command",
                      where, key);
    else if (in->subject->checkpoint->container)
        reasoning_add(in, VERDICT_YES, NULL,
                      "convert gives the image the annotation %s that marks a checkpoint", key);
    else
        reasoning_add(in, VERDICT_NEEDS, NULL,
                      "the container's name, with convert --name: the archive does not tell it, "
                      "and the annotation %s wants it",
                      key);
}

static void check_crio_annotation(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;

    judge_mark(in, image ? image->annotations : NULL, "the manifest has");
}

static void check_containerd_annotation(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;

    judge_mark(in, image ? image->top_annotations : NULL,
               image && image->has_index ? "the name stands for an index, which has"
                                         : "the manifest has");
}

/* podman compares the value with the name of the runtime that it uses. */
static void check_podman_annotation(const struct inquiry *in)
{
    const struct restore_image *image = in->subject->image;
    const char *key = engine_info(in->engine)->image_mark;
    const char *runtime =
        image ? json_get_text(image->annotations, key) : in->subject->checkpoint->runtime;

    if (runtime)
        reasoning_add(in, VERDICT_NEEDS, json_pack("[s]", runtime),
                      "an OCI runtime called \"%.128s\" on the host: podman compares its name with "
                      "the annotation %s",
                      runtime, key);
    else if (image)
        judge_mark(in, image->annotations, "the manifest has");
    else
        reasoning_add(in, VERDICT_NEEDS, NULL,
                      "convert --annotation %s=RUNTIME: the archive does not name its OCI runtime, "
                      "and podman wants the host's there",
                      key);
}

static void check_crio_annotations(const struct inquiry *in)
{
    static const char key[] = "io.kubernetes.cri-o.Annotations";
    const json_t *annotations = json_object_get(in->subject->checkpoint->spec, "annotations");
    const char *text = json_get_text(annotations, key);

    if (json_is_object(checkpoint_nested_annotations(in->subject->checkpoint)))
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "the annotation %s in spec.dump is %s, and CRI-O does not create the container",
                  key, text ? "no JSON object" : "missing");
}

static bool is_image_id(const char *text)
{
    return strlen(text) == SHA256_HEX_LEN && strspn(text, "0123456789abcdef") == SHA256_HEX_LEN;
}

static void check_crio_image_id(const struct inquiry *in)
{
    const char *id = json_get_text(in->subject->checkpoint->config, "rootfsImageRef");

    if (!id || !*id || is_image_id(id))
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "rootfsImageRef in config.dump is \"%.128s\", and CRI-O takes only an empty one "
                  "or 64 hex digits",
                  id);
}

static void check_deleted_files(const struct inquiry *in)
{
    if (in->subject->members.has_deleted_files)
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "deleted.files is missing, without which CRI-O 1.26 gives up");
}

/* CRI-O 1.26 writes no rootfsImageRef. */
static void check_written_by_newer(const struct inquiry *in)
{
    if (!json_object_get(in->subject->checkpoint->config, "rootfsImageRef"))
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "config.dump has members that a newer CRI-O writes: CRI-O 1.26 was seen not to "
                  "restore an archive of 1.36, for want of a mount");
}

static void check_status_dump(const struct inquiry *in)
{
    if (in->subject->members.has_status_dump)
        return;
    reasoning_add(in, VERDICT_NO, NULL,
                  "status.dump is missing, which containerd writes and wants from 2.1 on");
}

/* What CRIU's images ask of the CRIU on the node, whose version is not the engine's. */
static void check_criu(const struct inquiry *in)
{
    const struct criu_traits *traits = &in->subject->checkpoint->criu;

    if (traits->is_newer)
        reasoning_add(in, VERDICT_NEEDS, NULL,
                      "a CRIU newer than 4.2 on the node: it wrote images or memory pages, as "
                      "compressed ones, that older ones cannot read");
    else if (traits->has_wide_maps)
        reasoning_add(in, VERDICT_YES, NULL,
                      "the page maps are of CRIU 4.2 or newer, as the node's has to be: older ones "
                      "say \"Can't read mapping page 0\"");
}

static void check_cgroups(const struct inquiry *in)
{
    if (in->subject->checkpoint->criu.has_cgroup_v1)
        reasoning_add(
            in, VERDICT_YES, NULL,
            "the container had the controllers of cgroup v1, as the node has to have: on "
            "another one CRIU cannot mount them, unless it is told to leave cgroups alone "
            "(manage-cgroups ignore)");
}

/* podman restore has an option; runc and crun read CRIU's configuration. */
static void check_connections(const struct inquiry *in)
{
    if (!in->subject->checkpoint->criu.has_connections)
        return;
    reasoning_add(in, VERDICT_NEEDS, NULL,
                  "%s, and the container's old address: it has open TCP connections",
                  in->engine == ENGINE_PODMAN
                      ? "podman container restore --tcp-established"
                      : "tcp-established in CRIU's configuration on the node (/etc/criu/runc.conf, "
                        "crun.conf)");
}

static void check_parent(const struct inquiry *in)
{
    if (!in->subject->checkpoint->criu.has_parent)
        return;
    if (in->engine == ENGINE_PODMAN)
        reasoning_add(in, VERDICT_NEEDS, NULL,
                      "the pre-checkpoint before it, with podman container restore "
                      "--import-previous: this one holds only the memory that changed since");
    else
        reasoning_add(in, VERDICT_NO, NULL,
                      "it holds only the memory that changed since an earlier checkpoint, which "
                      "this engine cannot be given");
}

static const char *base_image(const struct checkpoint *checkpoint)
{
    return checkpoint->image_name ? checkpoint->image_name : checkpoint->image_requested;
}

/* False: there is nothing to name, and a line says so. Only a plain reference is named: whoever
 * pastes it into a shell must not run what an archive says. */
static bool check_base_name(const struct inquiry *in, enum verdict verdict, const char *name)
{
    if (name && reference_is_valid(name))
        return true;
    if (name)
        reasoning_add(in, verdict, json_pack("[s]", name),
                      "the archive calls its base image \"%.128s\", which is no name of an image",
                      name);
    else
        reasoning_add(in, verdict, NULL, "the archive does not name its base image");
    return false;
}

static void need_base_image(const struct inquiry *in, const char *why)
{
    const struct checkpoint *checkpoint = in->subject->checkpoint;
    const char *name = base_image(checkpoint), *digest = checkpoint->image_digest;

    if (check_base_name(in, VERDICT_UNKNOWN, name))
        reasoning_add(in, VERDICT_NEEDS, json_pack("[s]", name),
                      "the base image %.256s%s%s%s, pulled before: %s", name, digest ? " (" : "",
                      digest ? digest : "", digest ? ")" : "", why);
}

static void check_base_on_node(const struct inquiry *in)
{
    need_base_image(in, "CRI-O does not pull it and says \"image not known\"");
}

static void check_podman_base(const struct inquiry *in)
{
    need_base_image(in, "the checkpoint holds only what the container has changed in it");
}

static void check_previous(const struct inquiry *in)
{
    if (in->subject->members.has_parent)
        reasoning_add(in, VERDICT_NEEDS, NULL,
                      "the archive of the checkpoint before, which was made with --pre-checkpoint, "
                      "and %s %s FILE: memory that had not changed since is only in there",
                      engine_info(in->engine)->own_restore,
                      engine_info(in->engine)->previous_option);
}

static void check_containerd_base(const struct inquiry *in)
{
    const char *name = json_get_text(in->subject->checkpoint->config, "rootfsImageName");
    struct digest id;

    if (name && digest_parse(&id, name) == 0)
        reasoning_add(in, VERDICT_NEEDS, json_pack("[s]", name),
                      "the base image %s on the node: there is no name to pull it by", id.text);
    else if (check_base_name(in, VERDICT_NO, name && *name ? name : NULL))
        reasoning_add(in, VERDICT_YES, json_pack("[s]", name),
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

static void judge_mounts(const struct inquiry *in, bool knows_passwd)
{
    struct inquiry of_kubelet = *in;
    json_t *declared = json_array(), *by_kubelet = json_array(), *mount;
    cleanup_free char *list = NULL, *usual = NULL;
    size_t i;

    json_array_foreach(json_object_get(in->subject->checkpoint->spec, "mounts"), i, mount)
    {
        sort_mount(mount, knows_passwd, declared, by_kubelet);
    }
    list = list_items(declared);
    usual = list_items(by_kubelet);
    if (*list)
        reasoning_add(in, VERDICT_NEEDS, declared, "a pod that declares a mount at each of %s",
                      list);
    else
        reasoning_add(in, VERDICT_YES, declared, "the new pod has no mount of its own to declare");
    of_kubelet.rule = "kubelet-mounts";
    if (*usual)
        reasoning_add(&of_kubelet, VERDICT_YES, by_kubelet,
                      "the kubelet itself mounts %s, unless the pod has "
                      "automountServiceAccountToken: false",
                      usual);
    else
        json_decref(by_kubelet);
}

static void check_mounts(const struct inquiry *in)
{
    judge_mounts(in, false);
}

static void check_mounts_and_passwd(const struct inquiry *in)
{
    judge_mounts(in, true);
}

// clang-format off
/* Which versions a row holds for. */
#define ALL {0, 0, 0}, {0, 0, 0}
#define FROM(major, minor) {major, minor, 0}, {0, 0, 0}
#define BEFORE(major, minor) {0, 0, 0}, {major, minor, 0}
#define ONLY(major, minor) {major, minor, 0}, {major, (minor) + 1, 0}

#define FACT(verdict, text) verdict, text, NULL
#define CHECK(function) VERDICT_YES, NULL, function

const struct engine_rule engine_rules[] = {
    /* The version. */
    {ENGINE_CRIO, BEFORE(1, 26), "version", FACT(VERDICT_UNKNOWN,
        "CRI-O restores images from 1.26 on as far as is known here; nothing is known of older "
        "ones")},
    {ENGINE_CRIO, {1, 37, 0}, {ENGINE_VERSION_MAX, 0, 0}, "version", FACT(VERDICT_UNKNOWN,
        "these rules know CRI-O up to 1.36 and its main branch of August 2026; this version may "
        "be like either or different")},
    {ENGINE_CONTAINERD, BEFORE(2, 1), "version", FACT(VERDICT_NO,
        "containerd restores images from 2.1 on; older ones start the container anew or fail")},
    {ENGINE_CONTAINERD, FROM(2, 4), "version", FACT(VERDICT_NO,
        "containerd 2.4 has dropped the restore of images when a pod is created")},
    {ENGINE_PODMAN, BEFORE(4, 1), "version", FACT(VERDICT_NO,
        "podman knows checkpoint images from 4.1 on; pull the archive and import it instead")},
    {ENGINE_PODMAN, FROM(6, 0), "version", FACT(VERDICT_UNKNOWN,
        "these rules know podman up to 5.x; this version is newer")},

    /* The image. */
    {ENGINE_UNKNOWN, ALL, "manifest-type", CHECK(check_manifest_type)},
    {ENGINE_UNKNOWN, ALL, "config-type", CHECK(check_config_type)},
    {ENGINE_CRIO, ALL, "annotation", CHECK(check_crio_annotation)},
    {ENGINE_CONTAINERD, ALL, "annotation", CHECK(check_containerd_annotation)},
    {ENGINE_PODMAN, ALL, "annotation", CHECK(check_podman_annotation)},
    {ENGINE_CONTAINERD, ALL, "layer-type", CHECK(check_layer_type)},
    {ENGINE_CONTAINERD, ALL, "platform", CHECK(check_platform)},

    /* The archive. */
    {ENGINE_CRIO, ALL, "crio-annotations", CHECK(check_crio_annotations)},
    {ENGINE_CRIO, ALL, "base-image-id", CHECK(check_crio_image_id)},
    {ENGINE_CRIO, ONLY(1, 26), "deleted-files", CHECK(check_deleted_files)},
    {ENGINE_CRIO, ONLY(1, 26), "written-by-newer", CHECK(check_written_by_newer)},
    {ENGINE_CONTAINERD, ALL, "status-dump", CHECK(check_status_dump)},
    {ENGINE_UNKNOWN, ALL, "parent", CHECK(check_parent)},

    /* What somebody has to see to. */
    {ENGINE_CRIO, FROM(1, 37), "switch", FACT(VERDICT_NEEDS,
        "container_level_enabled = \"checkpoint_restore\" in [crio.checkpoint_restore] of "
        "crio.conf; the default is \"checkpoint_only\"")},
    {ENGINE_CONTAINERD, {2, 2, 7}, {2, 3, 0}, "switch", FACT(VERDICT_NEEDS,
        "enable_experimental_restore_via_create = true in containerd's config.toml; it is off by "
        "default from 2.2.7 on")},
    {ENGINE_CONTAINERD, {2, 3, 4}, {2, 4, 0}, "switch", FACT(VERDICT_NEEDS,
        "enable_experimental_restore_via_create = true in containerd's config.toml; it is off by "
        "default from 2.3.4 on")},
    {ENGINE_CRIO, ALL, "base-image", CHECK(check_base_on_node)},
    {ENGINE_CONTAINERD, ALL, "base-image", CHECK(check_containerd_base)},
    {ENGINE_PODMAN, ALL, "previous", CHECK(check_previous)},
    {ENGINE_PODMAN, ALL, "base-image", CHECK(check_podman_base)},
    {ENGINE_UNKNOWN, ALL, "criu", CHECK(check_criu)},
    {ENGINE_UNKNOWN, ALL, "cgroups", CHECK(check_cgroups)},
    {ENGINE_UNKNOWN, ALL, "tcp-connections", CHECK(check_connections)},
    {ENGINE_CRIO, BEFORE(1, 35), "mounts", CHECK(check_mounts)},
    {ENGINE_CRIO, FROM(1, 35), "mounts", CHECK(check_mounts_and_passwd)},
    {ENGINE_CRIO, ALL, "signature-policy", FACT(VERDICT_NEEDS,
        "a node without signature_policy in crio.conf and without a signature policy for the "
        "pod's namespace; either of them blocks the restore of every image")},
    {.name = NULL},
};
// clang-format on

struct engine_version engine_passwd_since(enum engine engine)
{
    for (const struct engine_rule *rule = engine_rules; rule->name; rule++)
        if (rule->engine == engine && rule->check == check_mounts)
            return rule->before;
    return (struct engine_version){0};
}
