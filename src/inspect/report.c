// SPDX-License-Identifier: Apache-2.0
#include "inspect/report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "criu/criu.h"

bool report_has_room(struct report *report, size_t bytes)
{
    if (bytes <= report->bytes_left) {
        report->bytes_left -= bytes;
        return true;
    }
    if (report->bytes_left > 0)
        snapshot_note(report->snapshot,
                      "there is more than %d MiB to be told of it: the rest is left out",
                      REPORT_MAX_BYTES >> 20);
    report->bytes_left = 0;
    return false;
}

json_t *report_variable(const struct report *report, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : 0;
    size_t value_len = equals ? len - name_len - 1 : len;
    json_t *variable = json_pack("{s:o, s:I}", "name", utf8_string(text, name_len), "bytes",
                                 (json_int_t)value_len);

    if (report->shows_secrets)
        json_object_set_new(variable, "value", utf8_string(text + len - value_len, value_len));
    return variable;
}

/* What the documents of the engine say. */

enum { ADDRESSES_MAX = 16 };

static void copy_text(json_t *object, const char *key, const json_t *from, const char *from_key)
{
    utf8_set(object, key, json_get_text(from, from_key));
}

static void add_crio_addresses(json_t *addresses, const json_t *annotations)
{
    for (int i = 0; i < ADDRESSES_MAX; i++) {
        char key[64];
        const char *address;

        snprintf(key, sizeof key, "io.kubernetes.cri-o.IP.%d", i);
        address = json_get_text(annotations, key);
        if (address)
            json_array_append_new(addresses, utf8_string(address, strlen(address)));
    }
}

/* podman: {"NETWORK": {"interfaces": {"NAME": {"subnets": [{"ipnet": "ADDRESS/BITS"}]}}}} */
static void add_podman_addresses(const struct report *report, json_t *addresses)
{
    json_t *networks = report->checkpoint->network_status;
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
                    json_array_append_new(addresses, utf8_string(address, strcspn(address, "/")));
            }
        }
    }
}

static void add_container(struct report *report)
{
    const struct checkpoint *checkpoint = report->checkpoint;
    const json_t *spec = checkpoint->spec, *config = checkpoint->config;
    const json_t *annotations = json_object_get(spec, "annotations");
    json_t *container = json_object(), *addresses = json_array();

    utf8_set(container, "name", checkpoint->container);
    utf8_set(container, "pod", checkpoint->pod);
    utf8_set(container, "namespace", checkpoint->pod_namespace);
    utf8_set(container, "pod_id", checkpoint->pod_id);
    copy_text(container, "pod_uid", annotations, "io.kubernetes.cri.sandbox-uid");
    copy_text(container, "pod_uid", annotations, "io.kubernetes.pod.uid");
    copy_text(container, "restarts", annotations, "io.kubernetes.container.restartCount");
    copy_text(container, "id", config, "id");
    utf8_set(container, "engine", engine_name(checkpoint->engine));
    utf8_set(container, "runtime", checkpoint->runtime);
    utf8_set(container, "architecture", checkpoint->architecture);
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

    utf8_set(image, "requested", checkpoint->image_requested);
    utf8_set(image, "name", checkpoint->image_name);
    utf8_set(image, "id", checkpoint->image_id);
    utf8_set(image, "digest", checkpoint->image_digest);
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
    utf8_set(times, "created", created);
    utf8_set(times, "checkpointed", checkpointed ? checkpointed : inventoried);
    utf8_set(times, "checkpointed_from",
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

        if (!report_has_room(report, REPORT_FILE_BYTES))
            break;
        entry = json_object();
        options = json_array();
        for (size_t key = 0; key < sizeof keys / sizeof *keys; key++)
            copy_text(entry, keys[key], mount, keys[key]);
        json_array_foreach(json_object_get(mount, "options"), j,
                           option) if (json_is_string(option) &&
                                       report_has_room(report, REPORT_NUMBER_BYTES))
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

        if (!text || !report_has_room(report, REPORT_TEXT_BYTES))
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
                       value) if (json_is_string(value) &&
                                  report_has_room(report, REPORT_NUMBER_BYTES))
        json_array_append(arguments, value);
    json_array_foreach(json_object_get(process, "env"), i,
                       value) if (json_is_string(value) &&
                                  report_has_room(report,
                                                  REPORT_TEXT_BYTES + json_string_length(value)))
        json_array_append_new(environment, report_variable(report, json_string_value(value),
                                                           json_string_length(value)));
    json_object_set_new(report->json, "configured",
                        json_pack("{s:o, s:o}", "arguments", arguments, "environment",
                                  environment));
}

static void add_metadata(struct report *report)
{
    json_t *spec = report->checkpoint->spec;

    add_container(report);
    add_image(report);
    add_times(report);
    add_process(report, spec);
    add_mounts(report, spec);
    add_annotations(report, spec);
}

/* What CRIU and the tar of changed files say. */

static json_t *stats_json(struct report *report)
{
    const struct buffer *member = &report->snapshot->members[SNAPSHOT_STATS];
    struct criu_stats stats;
    struct error error = {0};

    if (!member->data)
        return NULL;
    if (criu_stats_parse(&stats, member->data, member->len, &error)) {
        snapshot_note(report->snapshot, "stats-dump: %s", error.text);
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "freezing_time_us",
                     (json_int_t)stats.freezing_time_us, "frozen_time_us",
                     (json_int_t)stats.frozen_time_us, "memdump_time_us",
                     (json_int_t)stats.memdump_time_us, "memwrite_time_us",
                     (json_int_t)stats.memwrite_time_us, "pages_scanned",
                     (json_int_t)stats.pages_scanned, "pages_skipped_parent",
                     (json_int_t)stats.pages_skipped_parent, "pages_written",
                     (json_int_t)stats.pages_written);
}

static const char *lsm_name(uint32_t lsm)
{
    static const char *const names[] = {"none", "SELinux", "AppArmor"};

    return lsm < sizeof names / sizeof *names ? names[lsm] : "unknown";
}

static void add_inventory(struct report *report, json_t *criu)
{
    const struct buffer *member = &report->snapshot->members[SNAPSHOT_INVENTORY];
    struct criu_inventory inventory;
    struct error error = {0};

    if (!member->data) {
        snapshot_note(report->snapshot, "checkpoint/inventory.img is missing");
    } else if (criu_inventory_parse(&inventory, member->data, member->len, &error)) {
        snapshot_note(report->snapshot, "checkpoint/inventory.img: %s", error.text);
    } else {
        json_object_set_new(criu, "image_version", json_integer(inventory.image_version));
        json_set_text(criu, "lsm", lsm_name(inventory.lsm));
    }
}

/* What CRIU does not restore unless it is told to. */
static void add_connections(struct report *report, json_t *criu)
{
    const struct criu_files *files = &report->snapshot->table.files;
    json_int_t count = 0;

    for (size_t i = 0; i < files->count; i++)
        count += files->files[i].type == CRIU_FILE_INTERNET_SOCKET &&
                 criu_socket_is_connected(&files->files[i].socket);
    if (count == 0)
        return;
    json_object_set_new(criu, "tcp_connections", json_integer(count));
    snapshot_note(report->snapshot,
                  "%" JSON_INTEGER_FORMAT " TCP connections were open: CRIU restores them only "
                  "with tcp-established, or closes them with tcp-close, of its options; the "
                  "container needs its old address for the first",
                  count);
}

static void add_criu(struct report *report)
{
    const struct buffer *log = &report->snapshot->members[SNAPSHOT_LOG];
    cleanup_free char *version = NULL, *kernel = NULL;
    json_t *criu = json_object(), *stats = stats_json(report);

    if (log->data)
        criu_log_parse(log->data, log->len, &version, &kernel);
    if (version)
        json_object_set_new(criu, "version", utf8_string(version, strlen(version)));
    if (kernel)
        json_object_set_new(criu, "kernel", utf8_string(kernel, strlen(kernel)));
    add_inventory(report, criu);
    add_connections(report, criu);
    if (stats)
        json_object_set_new(criu, "statistics", stats);
    json_object_set_new(report->json, "criu", criu);
}

static void add_sizes(struct report *report)
{
    const struct snapshot_sizes *sizes = &report->snapshot->sizes;

    json_object_set_new(report->json, "sizes",
                        json_pack("{s:I, s:I, s:I, s:I}", "checkpoint",
                                  (json_int_t)sizes->checkpoint, "gpu_memory_pages",
                                  (json_int_t)sizes->gpu_pages, "memory_pages",
                                  (json_int_t)sizes->memory_pages, "rootfs_diff",
                                  (json_int_t)sizes->rootfs_diff));
}

/* CRI-O and podman list what is deleted: a JSON array of paths. */
static void add_deleted_files(struct report *report)
{
    struct snapshot *snapshot = report->snapshot;
    const struct buffer *member = &snapshot->members[SNAPSHOT_DELETED];
    size_t values_left = JSON_GO_MAX_VALUES, i;
    struct error ignored;
    json_t *paths, *path;

    if (!member->data)
        return;
    paths = json_parse_go(member->data, member->len, &values_left, &ignored);
    if (!json_is_array(paths))
        snapshot_note(snapshot, "deleted.files is no JSON array");
    json_array_foreach(paths, i, path) if (json_is_string(path))
        snapshot_add_change(snapshot, json_string_value(path), json_string_length(path), NULL,
                            "deleted", 0);
    json_decref(paths);
}

static void add_changes(struct report *report)
{
    add_deleted_files(report);
    json_object_set(report->json, "changes", report->snapshot->changes);
    if (report->snapshot->changes_omitted)
        json_object_set_new(report->json, "changes_omitted",
                            json_integer((json_int_t)report->snapshot->changes_omitted));
}

/* NULL where the document is missing or says nothing; then a note tells why. */
static json_t *load_document(struct snapshot *snapshot, const struct buffer *text, const char *name)
{
    size_t values_left = JSON_GO_MAX_VALUES;
    struct error reason = {0};
    json_t *json;

    if (!text->data) {
        snapshot_note(snapshot, "%s is missing", name);
        return NULL;
    }
    json = json_parse_go(text->data, text->len, &values_left, &reason);
    if (!json)
        snapshot_note(snapshot, "%s is %s", name, reason.text);
    return json;
}

/* What can be read of documents that may be damaged: the facts of them only if both are in order,
 * else each of them as it is, or NULL. */
static void read_documents(struct checkpoint *checkpoint, struct snapshot *snapshot,
                           const struct walk *walk)
{
    struct error error = {0};

    if (checkpoint_parse(checkpoint, walk, &error) == 0)
        return;
    checkpoint->spec = load_document(snapshot, &walk->spec_dump, "spec.dump");
    checkpoint->config = load_document(snapshot, &walk->config_dump, "config.dump");
    if (checkpoint->spec && checkpoint->config)
        snapshot_note(snapshot, "%s", error.text);
}

json_t *report_make(struct snapshot *snapshot, const struct walk *walk,
                    const struct checkpoint *checkpoint, bool shows_secrets)
{
    cleanup(checkpoint_done) struct checkpoint damaged = {0};
    struct report report = {
        .snapshot = snapshot,
        .walk = walk,
        .checkpoint = checkpoint ? checkpoint : &damaged,
        .shows_secrets = shows_secrets,
        .bytes_left = REPORT_MAX_BYTES,
        .json = json_object(),
    };

    if (!checkpoint)
        read_documents(&damaged, snapshot, walk);
    add_metadata(&report);
    add_criu(&report);
    add_sizes(&report);
    json_object_set_new(report.json, "processes", report_processes(&report));
    add_changes(&report);
    json_object_set(report.json, "notes", snapshot->notes);
    return report.json;
}
