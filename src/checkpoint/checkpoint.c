// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "archive/path-set.h"
#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/criu-image.h"
#include "checkpoint/rules.h"

static int refuse(const char *what, const char *why, struct error *error)
{
    return error_set(error, ERROR_ARCHIVE, "%s is %s", what, why);
}

/* `what` is its name. *ret: a new reference, NULL if it is null, which Go takes for nothing. */
static int parse(json_t **ret, const char *bytes, size_t len, const char *what, struct error *error)
{
    json_error_t at;
    json_t *json;

    if (len == 0)
        return refuse(what, "empty", error);
    json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (!json)
        return error_set(error, ERROR_ARCHIVE, "%s is not valid JSON: line %d: %s", what, at.line,
                         at.text);
    *ret = json_is_null(json) ? NULL : json;
    return 0;
}

static int parse_object(json_t **ret, const struct buffer *buffer, const char *member,
                        struct error *error)
{
    if (parse(ret, buffer->data, buffer->len, member, error) < 0)
        return -1;
    return json_is_object(*ret) ? 0 : refuse(member, "not a JSON object", error);
}

/* A document that is not in every archive. */
static int parse_optional(json_t **ret, const struct buffer *buffer, const char *member,
                          struct error *error)
{
    return buffer->data ? parse(ret, buffer->data, buffer->len, member, error) : 0;
}

static int parse_nested(struct checkpoint *checkpoint, struct error *error)
{
    static const char *const names[NESTED_COUNT] = {
        [NESTED_ANNOTATIONS] = "io.kubernetes.cri-o.Annotations",
        [NESTED_LABELS] = "io.kubernetes.cri-o.Labels",
        [NESTED_METADATA] = "io.kubernetes.cri-o.Metadata",
        [NESTED_VOLUMES] = "io.kubernetes.cri-o.Volumes",
        [NESTED_MOUNT_POINTS] = "io.kubernetes.cri-o.MountPoints",
    };
    const json_t *annotations = json_object_get(checkpoint->spec, "annotations");

    for (int i = 0; i < NESTED_COUNT; i++) {
        const json_t *text = json_object_get(annotations, names[i]);

        if (json_is_string(text) && parse(&checkpoint->nested[i], json_string_value(text),
                                          json_string_length(text), names[i], error) < 0)
            return error_context(error, "spec.dump");
    }
    return 0;
}

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

    if (parse_object(&checkpoint.spec, &walk->spec_dump, "spec.dump", error) < 0 ||
        parse_object(&checkpoint.config, &walk->config_dump, "config.dump", error) < 0 ||
        parse_optional(&checkpoint.status, &walk->status_dump, "status.dump", error) < 0 ||
        parse_optional(&checkpoint.bind_mounts, &walk->bind_mounts, "bind.mounts", error) < 0 ||
        parse_optional(&checkpoint.network_status, &walk->network_status, "network.status", error) <
            0 ||
        parse_nested(&checkpoint, error) < 0)
        return -1;
    read_facts(&checkpoint, walk);
    *ret = checkpoint;
    checkpoint = (struct checkpoint){0};
    return 0;
}

void checkpoint_done(struct checkpoint *checkpoint)
{
    json_decref(checkpoint->spec);
    json_decref(checkpoint->config);
    json_decref(checkpoint->status);
    json_decref(checkpoint->bind_mounts);
    json_decref(checkpoint->network_status);
    for (int i = 0; i < NESTED_COUNT; i++)
        json_decref(checkpoint->nested[i]);
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

bool checkpoint_suits_podman(const struct checkpoint *checkpoint)
{
    return checkpoint->engine == ENGINE_UNKNOWN || checkpoint->engine == ENGINE_PODMAN ||
           json_get_nonempty(checkpoint->config, "rootfsImageID") ||
           json_get_nonempty(checkpoint->config, "rootfs");
}

/* The checks of what the documents say. */

/* Go's JSON takes the names of a struct's fields in any case, the last one winning: two keys that
 * differ in case only are one key twice. Keys of maps (annotations, labels) are full names with
 * dots or dashes mostly, and their case counts. */
static bool is_map(const char *key)
{
    return strcasecmp(key, "annotations") == 0 || strcasecmp(key, "labels") == 0 ||
           strcasecmp(key, "sysctl") == 0;
}

static const char *twin_key(json_t *json, bool map);

static const char *twin_key_in_object(json_t *object, bool map)
{
    cleanup(path_set_freep) struct path_set *keys = path_set_new();
    const char *key, *twin = NULL;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (path_set_add(keys, key, false) == PATH_CASE_VARIANT && !map)
            return key;
        if ((twin = twin_key(value, is_map(key))))
            return twin;
    }
    return NULL;
}

/* The first one found, NULL without any. Depth is bounded by jansson, which has read it. */
static const char *twin_key(json_t *json, bool map)
{
    const char *twin = NULL;
    json_t *value;
    size_t i;

    if (json_is_object(json))
        return twin_key_in_object(json, map);
    json_array_foreach(json, i, value)
    {
        if ((twin = twin_key(value, false)))
            return twin;
    }
    return NULL;
}

static int check_keys(struct findings *findings, const char *member, json_t *json,
                      struct error *error)
{
    const char *key = twin_key(json, false);

    return key ? finding_report_fatal(findings, CHECK_METADATA, member, error,
                                      "the key \"%s\" is there twice, in upper and lower case", key)
               : 0;
}

int checkpoint_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error)
{
    static int (*const rules[])(const struct checkpoint *, struct findings *, struct error *) = {
        image_rules_check,      mount_rules_check,   privileges_check,
        annotation_rules_check, podman_config_check,
    };

    if (check_keys(findings, "spec.dump", checkpoint->spec, error) < 0 ||
        check_keys(findings, "config.dump", checkpoint->config, error) < 0)
        return -1;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i](checkpoint, findings, error) < 0)
            return -1;
    return 0;
}
