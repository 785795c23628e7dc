// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/documents.h"

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/shape.h"

/* CRI-O's annotations whose text is JSON: internal/factory/container/container.go:270-291. */
static const struct {
    const char *name;
    enum shape_kind kind; /* 0: nobody reads it back */
    const struct shape *shape;
} nested[NESTED_COUNT] = {
    [NESTED_ANNOTATIONS] = {"io.kubernetes.cri-o.Annotations", SHAPE_MAP, NULL},
    [NESTED_LABELS] = {"io.kubernetes.cri-o.Labels", SHAPE_MAP, NULL},
    [NESTED_METADATA] = {"io.kubernetes.cri-o.Metadata", SHAPE_STRUCT, &shape_metadata},
    [NESTED_VOLUMES] = {"io.kubernetes.cri-o.Volumes", SHAPE_LIST, &shape_volume},
    [NESTED_MOUNT_POINTS] = {"io.kubernetes.cri-o.MountPoints", 0, NULL},
};

/* `what` is its name. *ret: a new reference, NULL if it is null, which Go takes for nothing. */
static int parse(json_t **ret, const char *bytes, size_t len, const char *what, size_t *values_left,
                 struct error *error)
{
    struct error reason = {0};
    json_t *json;

    if (len == 0)
        return error_set(error, ERROR_ARCHIVE, "%s is empty", what);
    json = json_parse_go(bytes, len, values_left, &reason);
    if (!json)
        return error_set(error, ERROR_ARCHIVE, "%s is %s", what, reason.text);
    if (json_is_null(json))
        json_decref(json);
    else
        *ret = json;
    return 0;
}

static int parse_object(json_t **ret, const struct buffer *document, const char *member,
                        size_t *values_left, struct error *error)
{
    if (parse(ret, document->data, document->len, member, values_left, error) < 0)
        return -1;
    return json_is_object(*ret)
               ? 0
               : error_set(error, ERROR_ARCHIVE, "%s is not a JSON object", member);
}

/* A document that is not in every archive. */
static int parse_optional(json_t **ret, const struct buffer *document, const char *member,
                          size_t *values_left, struct error *error)
{
    return document->data ? parse(ret, document->data, document->len, member, values_left, error)
                          : 0;
}

/* An empty text is none: CRI-O itself has such. */
static int parse_nested(struct checkpoint *checkpoint, size_t *values_left, struct error *error)
{
    const json_t *annotations = json_object_get(checkpoint->spec, "annotations");

    for (int i = 0; i < NESTED_COUNT; i++) {
        const json_t *text = json_object_get(annotations, nested[i].name);

        if (json_string_length(text) > 0 &&
            parse(&checkpoint->nested[i], json_string_value(text), json_string_length(text),
                  nested[i].name, values_left, error) < 0)
            return error_context(error, "spec.dump");
    }
    return 0;
}

int documents_parse(struct checkpoint *checkpoint, const struct walk *walk, struct error *error)
{
    size_t left = JSON_GO_MAX_VALUES;

    if (parse_object(&checkpoint->spec, &walk->spec_dump, "spec.dump", &left, error) < 0 ||
        parse_object(&checkpoint->config, &walk->config_dump, "config.dump", &left, error) < 0 ||
        parse_optional(&checkpoint->status, &walk->status_dump, "status.dump", &left, error) < 0 ||
        parse_optional(&checkpoint->bind_mounts, &walk->bind_mounts, "bind.mounts", &left, error) <
            0 ||
        parse_optional(&checkpoint->network_status, &walk->network_status, "network.status", &left,
                       error) < 0)
        return -1;
    return parse_nested(checkpoint, &left, error);
}

static int check_shape(struct findings *findings, const char *member, json_t *json,
                       enum shape_kind kind, const struct shape *shape, struct error *error)
{
    struct error reason = {0};

    if (shape_check(json, kind, shape, &reason) == 0)
        return 0;
    return finding_report_fatal(findings, CHECK_METADATA, member, error, "%s", reason.text);
}

static int check_nested(const struct checkpoint *checkpoint, struct findings *findings,
                        struct error *error)
{
    for (int i = 0; i < NESTED_COUNT; i++) {
        struct error reason = {0};

        if (nested[i].kind == 0 ||
            shape_check(checkpoint->nested[i], nested[i].kind, nested[i].shape, &reason) == 0)
            continue;
        return finding_report_fatal(findings, CHECK_METADATA, "spec.dump", error,
                                    "in the annotation %s: %s", nested[i].name, reason.text);
    }
    return 0;
}

int documents_check(const struct checkpoint *checkpoint, struct findings *findings,
                    struct error *error)
{
    json_t *network = checkpoint->network_status;

    if (check_shape(findings, "spec.dump", checkpoint->spec, SHAPE_STRUCT, &shape_spec, error) <
            0 ||
        check_shape(findings, "config.dump", checkpoint->config, SHAPE_STRUCT, &shape_config,
                    error) < 0 ||
        check_shape(findings, "status.dump", checkpoint->status, SHAPE_STRUCT, &shape_status,
                    error) < 0 ||
        check_shape(findings, "bind.mounts", checkpoint->bind_mounts, SHAPE_LIST, &shape_bind_mount,
                    error) < 0)
        return -1;
    /* What podman before 4.0 wrote is a list, which no later one reads. */
    if (!json_is_array(network) &&
        check_shape(findings, "network.status", network, SHAPE_MAP, &shape_network, error) < 0)
        return -1;
    return check_nested(checkpoint, findings, error);
}

void documents_done(struct checkpoint *checkpoint)
{
    json_decref(checkpoint->spec);
    json_decref(checkpoint->config);
    json_decref(checkpoint->status);
    json_decref(checkpoint->bind_mounts);
    json_decref(checkpoint->network_status);
    for (int i = 0; i < NESTED_COUNT; i++)
        json_decref(checkpoint->nested[i]);
}
