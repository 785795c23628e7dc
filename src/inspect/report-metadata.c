// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "inspect/report-text.h"
#include "inspect/report.h"

enum { ADDRESSES_MAX = 16 };

static void copy_text(json_t *object, const char *key, const json_t *from, const char *from_key)
{
    report_set_text(object, key, json_get_text(from, from_key));
}

static void add_crio_addresses(json_t *addresses, const json_t *annotations)
{
    for (int i = 0; i < ADDRESSES_MAX; i++) {
        char key[64];
        const char *address;

        snprintf(key, sizeof key, "io.kubernetes.cri-o.IP.%d", i);
        address = json_get_text(annotations, key);
        if (address)
            json_array_append_new(addresses, report_text(address, strlen(address)));
    }
}

/* podman: {"NETWORK": {"interfaces": {"NAME": {"subnets": [{"ipnet": "ADDRESS/BITS"}]}}}} */
static void add_podman_addresses(struct report *report, json_t *addresses)
{
    const struct buffer *status = &report->snapshot->members[SNAPSHOT_NETWORK];
    json_t *networks = status->data ? json_loadb(status->data, status->len, 0, NULL) : NULL;
    json_t *network, *interface, *subnet;
    const char *name, *interface_name;
    size_t i;

    json_object_foreach(networks, name, network)
    {
        json_object_foreach(json_object_get(network, "interfaces"), interface_name, interface)
        {
            json_array_foreach(json_object_get(interface, "subnets"), i, subnet)
            {
                const char *address = json_get_text(subnet, "ipnet");

                if (address && json_array_size(addresses) < ADDRESSES_MAX)
                    json_array_append_new(addresses, report_text(address, strcspn(address, "/")));
            }
        }
    }
    json_decref(networks);
}

static void add_container(struct report *report)
{
    const struct checkpoint *checkpoint = report->checkpoint;
    const json_t *spec = checkpoint->spec, *config = checkpoint->config;
    const json_t *annotations = json_object_get(spec, "annotations");
    json_t *container = json_object(), *addresses = json_array();

    report_set_text(container, "name", checkpoint->container);
    report_set_text(container, "pod", checkpoint->pod);
    report_set_text(container, "namespace", checkpoint->pod_namespace);
    report_set_text(container, "pod_id", checkpoint->pod_id);
    copy_text(container, "pod_uid", annotations, "io.kubernetes.cri.sandbox-uid");
    copy_text(container, "pod_uid", annotations, "io.kubernetes.pod.uid");
    copy_text(container, "restarts", annotations, "io.kubernetes.container.restartCount");
    copy_text(container, "id", config, "id");
    report_set_text(container, "engine", engine_name(checkpoint->engine));
    report_set_text(container, "runtime", checkpoint->runtime);
    report_set_text(container, "architecture", checkpoint->architecture);
    copy_text(container, "hostname", spec, "hostname");
    add_crio_addresses(addresses, annotations);
    add_podman_addresses(report, addresses);
    json_set_filled(container, "addresses", addresses);
    json_object_set_new(report->json, "container", container);
}

static void add_image(struct report *report)
{
    const struct checkpoint *checkpoint = report->checkpoint;
    json_t *image = json_object();

    report_set_text(image, "requested", checkpoint->image_requested);
    report_set_text(image, "name", checkpoint->image_name);
    report_set_text(image, "id", checkpoint->image_id);
    report_set_text(image, "digest", checkpoint->image_digest);
    json_object_set_new(report->json, "image", image);
}

/* Go's zero time stands for "not set". */
static const char *time_of(const json_t *object, const char *key)
{
    const char *text = json_get_text(object, key);

    return text && strncmp(text, "0001-", 5) != 0 ? text : NULL;
}

static void add_times(struct report *report)
{
    const json_t *config = report->checkpoint->config;
    const json_t *annotations = json_object_get(report->checkpoint->spec, "annotations");
    const char *created = time_of(annotations, "io.kubernetes.cri-o.Created");
    const char *checkpointed = time_of(config, "checkpointedTime");
    json_t *times = json_object();
    int64_t inventory_time = checkpointed ? 0 : report->walk->inventory_time;
    cleanup_free char *inventoried = inventory_time > 0 ? clock_format(inventory_time) : NULL;

    /* podman writes that annotation too, and another time into its config. */
    if (!created || time_of(config, "rawImageName") || json_object_get(config, "RawImageName"))
        created = time_of(config, "createdTime") ? time_of(config, "createdTime") : created;
    report_set_text(times, "created", created);
    report_set_text(times, "checkpointed", checkpointed ? checkpointed : inventoried);
    report_set_text(times, "checkpointed_from",
                    checkpointed  ? "config.dump"
                    : inventoried ? "checkpoint/inventory.img"
                                  : NULL);
    json_object_set_new(report->json, "times", times);
}

static void add_mounts(struct report *report, const json_t *spec)
{
    static const char *const keys[] = {"destination", "type", "source"};
    json_t *mounts = json_array(), *mount, *option;
    size_t i, j;

    json_array_foreach(json_object_get(spec, "mounts"), i, mount)
    {
        json_t *entry, *options;

        if (!report_has_room(report))
            break;
        entry = json_object();
        options = json_array();
        for (size_t key = 0; key < sizeof keys / sizeof *keys; key++)
            copy_text(entry, keys[key], mount, keys[key]);
        json_array_foreach(json_object_get(mount, "options"), j,
                           option) if (json_is_string(option) && report_has_room(report))
            json_array_append(options, option);
        json_object_set_new(entry, "options", options);
        json_array_append_new(mounts, entry);
    }
    json_object_set_new(report->json, "mounts", mounts);
}

/* What `kubectl apply` keeps in an annotation is the whole object, with its variables. */
static bool holds_secrets(const char *key, const char *value)
{
    static const char last_applied[] = "last-applied-configuration";

    return strstr(key, last_applied) || strstr(value, last_applied);
}

static void add_annotations(struct report *report, json_t *spec)
{
    json_t *annotations = json_object(), *value;
    const char *key;

    json_object_foreach(json_object_get(spec, "annotations"), key, value)
    {
        const char *text = json_string_value(value);

        if (!text || !report_has_room(report))
            continue;
        if (holds_secrets(key, text) && !report->shows_secrets)
            json_object_set_new(annotations, key, json_null());
        else
            json_object_set(annotations, key, value);
    }
    json_object_set_new(report->json, "annotations", annotations);
}

/* The process the container was started with. */
static void add_process(struct report *report, const json_t *spec)
{
    const json_t *process = json_object_get(spec, "process");
    json_t *arguments = json_array(), *environment = json_array(), *value;
    size_t i;

    json_array_foreach(json_object_get(process, "args"), i,
                       value) if (json_is_string(value) && report_has_room(report))
        json_array_append(arguments, value);
    json_array_foreach(json_object_get(process, "env"), i,
                       value) if (json_is_string(value) && report_has_room(report))
        json_array_append_new(environment, report_variable(report, json_string_value(value),
                                                           json_string_length(value)));
    json_object_set_new(report->json, "configured",
                        json_pack("{s:o, s:o}", "arguments", arguments, "environment",
                                  environment));
}

void report_metadata(struct report *report)
{
    json_t *spec = report->checkpoint->spec;

    add_container(report);
    add_image(report);
    add_times(report);
    add_process(report, spec);
    add_mounts(report, spec);
    add_annotations(report, spec);
}
