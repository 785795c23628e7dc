// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/criu-image.h"
#include "checkpoint/documents.h"
#include "checkpoint/mount.h"

json_t *checkpoint_nested_annotations(const struct checkpoint *checkpoint)
{
    return checkpoint->nested[NESTED_ANNOTATIONS];
}

/* The "sha256:..." of "name@sha256:...", the first one where several are listed. */
static char *digest_of(const char *names)
{
    const char *at = names ? strstr(names, "@sha256:") : NULL;

    if (!at || strspn(at + 8, "0123456789abcdef") != 64)
        return NULL;
    return xstrndup(at + 1, 7 + 64);
}

static void read_kubernetes(struct checkpoint *checkpoint, const json_t *config)
{
    checkpoint->runtime = json_copy_nonempty(config, "runtime");
    checkpoint->image_requested = json_copy_nonempty(config, "rootfsImage");
    checkpoint->image_name = json_copy_nonempty(config, "rootfsImageName");
    checkpoint->image_id = json_copy_nonempty(config, "rootfsImageRef");
}

static void read_crio(struct checkpoint *checkpoint, const json_t *config,
                      const json_t *annotations)
{
    read_kubernetes(checkpoint, config);
    checkpoint->container = json_copy_nonempty(checkpoint->nested[NESTED_METADATA], "name");
    checkpoint->pod = json_copy_nonempty(annotations, "io.kubernetes.pod.name");
    checkpoint->pod_namespace = json_copy_nonempty(annotations, "io.kubernetes.pod.namespace");
    checkpoint->pod_id = json_copy_nonempty(annotations, "io.kubernetes.cri-o.SandboxID");
    checkpoint->image_digest =
        digest_of(json_get_text(annotations, "io.kubernetes.cri-o.ImageRepoDigests"));
}

static void read_containerd(struct checkpoint *checkpoint, const json_t *config,
                            const json_t *annotations)
{
    read_kubernetes(checkpoint, config);
    checkpoint->container = json_copy_nonempty(annotations, "io.kubernetes.cri.container-name");
    checkpoint->pod = json_copy_nonempty(annotations, "io.kubernetes.cri.sandbox-name");
    checkpoint->pod_namespace =
        json_copy_nonempty(annotations, "io.kubernetes.cri.sandbox-namespace");
    checkpoint->pod_id = json_copy_nonempty(annotations, "io.kubernetes.cri.sandbox-id");
    checkpoint->image_digest = digest_of(checkpoint->image_id);
}

/* podman's config.dump is its own container configuration; key names as its Go source spells
 * them, which varies. */
static void read_podman(struct checkpoint *checkpoint, const json_t *config)
{
    checkpoint->container = json_copy_nonempty(config, "name");
    checkpoint->runtime = json_copy_nonempty(config, "runtime");
    if (!checkpoint->runtime)
        checkpoint->runtime = json_copy_nonempty(config, "ociRuntime");
    checkpoint->image_name = json_copy_nonempty(config, "rootfsImageName");
    checkpoint->image_id = json_copy_nonempty(config, "rootfsImageID");
    checkpoint->raw_image_name = json_copy_nonempty(config, "RawImageName");
    if (!checkpoint->raw_image_name)
        checkpoint->raw_image_name = json_copy_nonempty(config, "rawImageName");
    if (checkpoint->raw_image_name)
        checkpoint->image_requested = xstrdup(checkpoint->raw_image_name);
}

/* config.dump tells the time of the checkpoint where the engine is new enough; otherwise CRIU's
 * last image does. Either is the archive's own, so it is the same in every run. */
static time_t checkpoint_time(const json_t *config, time_t inventory_time)
{
    const char *text = json_get_text(config, "checkpointedTime");
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    int hours, minutes;
    char sign;
    time_t time;

    /* Go's zero time stands for "not set". */
    if (!rest || tm.tm_year + 1900 < 1970)
        return inventory_time;
    time = timegm(&tm);
    rest += strcspn(rest, "Z+-");
    if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
        time -= (sign == '-' ? -60 : 60) * (60 * hours + minutes);
    return time;
}

static void read_facts(struct checkpoint *checkpoint, const struct walk *walk)
{
    const json_t *config = checkpoint->config;
    const json_t *annotations = json_object_get(checkpoint->spec, "annotations");

    checkpoint->engine = engine_detect(annotations);
    switch (checkpoint->engine) {
    case ENGINE_CRIO:
        read_crio(checkpoint, config, annotations);
        break;
    case ENGINE_CONTAINERD:
        read_containerd(checkpoint, config, annotations);
        break;
    case ENGINE_PODMAN:
        read_podman(checkpoint, config);
        break;
    case ENGINE_UNKNOWN:
        read_kubernetes(checkpoint, config);
        break;
    }
    checkpoint->architecture = criu_core_architecture(&walk->core_head);
    checkpoint->time = checkpoint_time(config, walk->inventory_time);
}

int checkpoint_parse(struct checkpoint *ret, const struct walk *walk, struct error *error)
{
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};

    if (documents_parse(&checkpoint, walk, error) < 0)
        return -1;
    read_facts(&checkpoint, walk);
    *ret = checkpoint;
    checkpoint = (struct checkpoint){0};
    return 0;
}

void checkpoint_done(struct checkpoint *checkpoint)
{
    documents_done(checkpoint);
    free(checkpoint->container);
    free(checkpoint->pod);
    free(checkpoint->pod_namespace);
    free(checkpoint->pod_id);
    free(checkpoint->runtime);
    free(checkpoint->image_requested);
    free(checkpoint->image_name);
    free(checkpoint->image_id);
    free(checkpoint->image_digest);
    free(checkpoint->raw_image_name);
}

/* The checks of what the documents say. */

enum { REFERENCE_MAX_BYTES = 512 };

/* [REGISTRY[:PORT]/]NAME[:TAG][@DIGEST] as the engines write it, or an image's id. */
static const char reference_pattern[] =
    "^([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    "(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$";
static const char id_pattern[] = "^(sha256:)?[0-9a-f]{64}$";

static bool is_reference(const char *text)
{
    return strlen(text) <= REFERENCE_MAX_BYTES &&
           (pattern_matches(id_pattern, text) || pattern_matches(reference_pattern, text));
}

static int check_reference(struct findings *findings, const json_t *config, const char *key,
                           struct error *error)
{
    const json_t *value = json_object_get(config, key);
    const char *text = json_string_value(value);

    if (!value || json_is_null(value) || (text && (!*text || is_reference(text))))
        return 0;
    return finding_report(findings, CHECK_IMAGE_REFERENCE, "config.dump", error,
                          "%s is \"%s\", which names no image", key, text ? text : "");
}

/* "host/name" of "host/name:tag@digest". */
static size_t repository_len(const char *reference)
{
    const char *slash = strrchr(reference, '/'), *name = slash ? slash : reference;

    return (size_t)(name - reference) + strcspn(name, ":@");
}

/* A short name is the same as one in full that ends with it. */
static bool names_agree(const char *requested, const char *name)
{
    size_t requested_len = repository_len(requested), name_len = repository_len(name);

    if (pattern_matches(id_pattern, requested) || pattern_matches(id_pattern, name))
        return true;
    if (requested_len > name_len)
        return false;
    return memcmp(name + name_len - requested_len, requested, requested_len) == 0 &&
           (requested_len == name_len || name[name_len - requested_len - 1] == '/');
}

static int check_images(struct findings *findings, const struct checkpoint *checkpoint,
                        struct error *error)
{
    static const char *const keys[] = {"rootfsImage", "rootfsImageName", "rootfsImageRef",
                                       "rootfsImageID"};
    const struct engine_info *engine = engine_info(checkpoint->engine);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (check_reference(findings, checkpoint->config, keys[i], error) < 0)
            return -1;
    if (engine->insists_on_image_id && checkpoint->image_id &&
        !pattern_matches("^[0-9a-f]{64}$", checkpoint->image_id) &&
        finding_report(findings, CHECK_IMAGE_REFERENCE, "config.dump", error,
                       "%s is \"%s\", not the id that %s insists on", engine->image_id_key,
                       checkpoint->image_id, engine->name) < 0)
        return -1;
    if (!checkpoint->image_id && finding_report(findings, CHECK_EMPTY_IMAGE_REF, "config.dump",
                                                error, "%s is empty", engine->image_id_key) < 0)
        return -1;
    if (checkpoint->image_requested && checkpoint->image_name &&
        !names_agree(checkpoint->image_requested, checkpoint->image_name) &&
        finding_report(findings, CHECK_IMAGE_NAMES_DIFFER, "config.dump", error,
                       "the image was asked for as \"%s\" and is called \"%s\"",
                       checkpoint->image_requested, checkpoint->image_name) < 0)
        return -1;
    return 0;
}

static bool is_bind(const json_t *mount)
{
    const json_t *option;
    size_t i;

    if (json_text_is(mount, "type", "bind"))
        return true;
    json_array_foreach(json_object_get(mount, "options"), i, option)
    {
        const char *text = json_string_value(option);

        if (text && (strcmp(text, "bind") == 0 || strcmp(text, "rbind") == 0))
            return true;
    }
    return false;
}

static int check_mounts(struct findings *findings, const json_t *spec, struct error *error)
{
    const char *uid = mount_source_pod_uid(spec);
    const json_t *mount;
    size_t i;

    json_array_foreach(json_object_get(spec, "mounts"), i, mount)
    {
        const char *source = json_get_text(mount, "source");
        const char *destination = json_get_text(mount, "destination");

        if (source && is_bind(mount) && !mount_source_is_usual(source, uid) &&
            finding_report(findings, CHECK_HOST_MOUNT, "spec.dump", error,
                           "\"%s\" of the host is mounted on \"%s\"", source,
                           destination ? destination : "") < 0)
            return -1;
    }
    return 0;
}

/* CRI-O makes each source that is missing, and what it is mounted on. */
static int check_bind_mounts(struct findings *findings, const json_t *mounts, struct error *error)
{
    const json_t *mount;
    size_t i;

    json_array_foreach(mounts, i, mount)
    {
        const char *source = json_get_text(mount, "source");
        const char *destination = json_get_text(mount, "destination");

        if ((!source || !destination || *destination != '/') &&
            finding_report(findings, CHECK_BIND_MOUNTS, "bind.mounts", error,
                           "a mount has no source or no absolute destination") < 0)
            return -1;
        if (source && destination &&
            (member_path_climbs(source) || member_path_climbs(destination)) &&
            finding_report(findings, CHECK_BIND_MOUNTS, "bind.mounts", error,
                           "the mount of \"%s\" on \"%s\" has a \"..\"", source, destination) < 0)
            return -1;
    }
    return 0;
}

static int check_hooks(struct findings *findings, const json_t *spec, struct error *error)
{
    json_t *hooks = json_object_get(spec, "hooks"), *kind;
    const char *key;

    json_object_foreach(hooks, key, kind)
    {
        const json_t *hook;
        size_t i;

        json_array_foreach(kind, i, hook)
        {
            const char *path = json_get_text(hook, "path");

            if (finding_report(findings, CHECK_HOOK, "spec.dump", error, "%s runs \"%s\"", key,
                               path ? path : "") < 0)
                return -1;
        }
    }
    return 0;
}

static int check_annotations(struct findings *findings, const json_t *spec, struct error *error)
{
    static const char cdi[] = "cdi.k8s.io/";
    json_t *annotations = json_object_get(spec, "annotations"), *value;
    const char *key;

    json_object_foreach(annotations, key, value)
    {
        const char *text = json_string_value(value);

        if (strncmp(key, cdi, sizeof cdi - 1) == 0 &&
            finding_report(findings, CHECK_CDI_DEVICE, "spec.dump", error,
                           "the annotation %s asks for \"%s\"", key, text ? text : "") < 0)
            return -1;
    }
    return 0;
}

int checkpoint_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error)
{
    json_t *spec = checkpoint->spec;

    if (documents_check(checkpoint, findings, error) < 0 ||
        check_images(findings, checkpoint, error) < 0 || check_mounts(findings, spec, error) < 0 ||
        check_bind_mounts(findings, checkpoint->bind_mounts, error) < 0 ||
        check_hooks(findings, spec, error) < 0)
        return -1;
    return check_annotations(findings, spec, error);
}
