// SPDX-License-Identifier: Apache-2.0
#include "cli/checkpoint-view.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/cmd.h"
#include "cli/convert-view.h"
#include "cli/findings-view.h"

void checkpoint_view_plain(const struct container_checkpoint_options *options,
                           const struct container_checkpoint_result *result)
{
    for (size_t i = 0; i < result->container_count; i++) {
        const struct container_outcome *container = &result->containers[i];

        if (options->convert->destination_count > 0)
            convert_view_plain(container->convert);
        else if (container->path)
            puts(container->path);
    }
    for (unsigned i = 0; i < result->index_count; i++)
        if (result->indexes[i].error.kind == ERROR_NONE)
            printf("%s@%s\n", result->indexes[i].destination->name, result->indexes[i].digest.text);
}

/* What convert tells of an archive, and which archive of what container it was. */
static json_t *report_container(const struct container_outcome *container)
{
    json_t *report = convert_view_json(container->convert, "");
    bool failed = container->error.kind != ERROR_NONE;
    json_t *ours = json_pack("{s:s, s:s*, s:b, s:s*}", "container", container->container, "path",
                             container->path, "deleted", container->is_deleted, "error",
                             failed ? container->error.text : NULL);

    json_object_del(report, "archive");
    json_object_del(report, "seconds");
    json_object_update(report, ours);
    json_decref(ours);
    return report;
}

static json_t *report_indexes(const struct container_checkpoint_result *result)
{
    json_t *indexes = json_array();

    for (unsigned i = 0; i < result->index_count; i++) {
        const struct index_outcome *index = &result->indexes[i];

        json_array_append_new(indexes,
                              convert_view_delivery(index->destination, index->already_there,
                                                    &index->digest, &index->error));
    }
    return indexes;
}

json_t *checkpoint_view_json(const struct container_checkpoint_options *options,
                             const struct container_checkpoint_result *result)
{
    const struct container_name *name = &options->name;
    json_t *report, *containers;

    if (name->container)
        report = report_container(&result->containers[0]);
    else {
        containers = json_array();
        for (size_t i = 0; i < result->container_count; i++)
            json_array_append_new(containers, report_container(&result->containers[i]));
        report =
            json_pack("{s:o, s:o}", "containers", containers, "indexes", report_indexes(result));
    }
    json_set_text(report, "namespace", name->namespace_);
    json_set_text(report, "pod", name->pod);
    json_object_set_new(report, "seconds", json_real(result->seconds));
    return report;
}

/* The archive is what the user is left with. */
static void fail_first(int *status, const struct error *error, const char *path)
{
    struct error longer = *error;

    if (error->kind != ERROR_NONE && path && !strstr(error->text, path))
        error_advice(&longer, "the archive is still there: %s", path);
    cmd_fail_first(status, &longer);
}

static void show_container_failures(const struct container_outcome *container, int *status)
{
    const struct convert_result *result = container->convert;
    struct error error = container->error;

    findings_view_warn(&result->findings);
    if (!container->is_converted && error.kind == ERROR_ARCHIVE)
        findings_view_advise(&result->findings, &error);
    for (unsigned i = 0; i < result->delivery_count; i++)
        fail_first(status, &result->deliveries[i].error, container->path);
    fail_first(status, &error, container->path);
}

void checkpoint_view_failures(const struct container_checkpoint_result *result, int *status)
{
    for (size_t i = 0; i < result->container_count; i++)
        show_container_failures(&result->containers[i], status);
    for (unsigned i = 0; i < result->index_count; i++)
        cmd_fail_first(status, &result->indexes[i].error);
}
