// SPDX-License-Identifier: Apache-2.0
#include "inspect/report.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "inspect/criu-stats.h"
#include "inspect/report-text.h"

bool report_has_room(struct report *report)
{
    if (report->entries_left == 0)
        return false;
    if (--report->entries_left == 0)
        snapshot_note(report->snapshot, "there is more than %d entries of it: the rest is left out",
                      REPORT_ENTRIES_MAX);
    return true;
}

json_t *report_variable(const struct report *report, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : 0;
    size_t value_len = equals ? len - name_len - 1 : len;
    json_t *variable = json_pack("{s:o, s:I}", "name", report_text(text, name_len), "bytes",
                                 (json_int_t)value_len);

    if (report->shows_secrets)
        json_object_set_new(variable, "value", report_text(text + len - value_len, value_len));
    return variable;
}

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

static void add_criu(struct report *report)
{
    const struct buffer *log = &report->snapshot->members[SNAPSHOT_LOG];
    cleanup_free char *version = NULL, *kernel = NULL;
    json_t *criu = json_object(), *stats = stats_json(report);

    if (log->data)
        criu_log_parse(log->data, log->len, &version, &kernel);
    if (version)
        json_object_set_new(criu, "version", report_text(version, strlen(version)));
    if (kernel)
        json_object_set_new(criu, "kernel", report_text(kernel, strlen(kernel)));
    add_inventory(report, criu);
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
    json_t *paths, *path;
    size_t i;

    if (!member->data)
        return;
    paths = json_loadb(member->data, member->len, 0, NULL);
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
    json_error_t at;
    json_t *json;

    if (!text->data) {
        snapshot_note(snapshot, "%s is missing", name);
        return NULL;
    }
    json = json_loadb(text->data, text->len, 0, &at);
    if (!json)
        snapshot_note(snapshot, "%s is not valid JSON: line %d: %s", name, at.line, at.text);
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

json_t *snapshot_report(struct snapshot *snapshot, const struct walk *walk,
                        const struct checkpoint *checkpoint, bool shows_secrets)
{
    cleanup(checkpoint_done) struct checkpoint damaged = {0};
    struct report report = {
        .snapshot = snapshot,
        .walk = walk,
        .checkpoint = checkpoint ? checkpoint : &damaged,
        .shows_secrets = shows_secrets,
        .entries_left = REPORT_ENTRIES_MAX,
        .json = json_object(),
    };

    if (!checkpoint)
        read_documents(&damaged, snapshot, walk);
    report_metadata(&report);
    add_criu(&report);
    add_sizes(&report);
    json_object_set_new(report.json, "processes", report_processes(&report));
    add_changes(&report);
    json_object_set(report.json, "notes", snapshot->notes);
    return report.json;
}
