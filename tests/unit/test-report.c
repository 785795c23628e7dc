// SPDX-License-Identifier: Apache-2.0
/* The report of snapshots that are incomplete or made up to mislead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "inspect/report.h"

static void take(struct snapshot *snapshot, const char *name, const char *bytes, size_t len)
{
    struct error error;

    assert_int_equal(process_table_take(&snapshot->table, name, bytes, len, &error), 0);
}

static void set(struct buffer *buffer, const char *text)
{
    buffer_init(buffer, METADATA_MAX_BYTES);
    buffer_append(buffer, text, strlen(text));
}

static long long number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool has_note(const json_t *report, const char *part)
{
    json_t *note;
    size_t i;

    json_array_foreach(json_object_get(report, "notes"), i, note)
    {
        if (strstr(json_string_value(note), part))
            return true;
    }
    return false;
}

static void test_nothing_gives_an_empty_report(void **state)
{
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report;

    (void)state;
    snapshot_init(&snapshot);
    assert_true(snapshot_is_empty(&snapshot, &walk));
    report = report_make(&snapshot, &walk, NULL, false);
    assert_int_equal(json_array_size(json_object_get(report, "processes")), 0);
    assert_int_equal(json_array_size(json_object_get(report, "mounts")), 0);
    assert_true(has_note(report, "spec.dump is missing"));
    assert_true(has_note(report, "config.dump is missing"));
    assert_true(has_note(report, "inventory.img is missing"));
    json_decref(report);
    snapshot_done(&snapshot);
}

/* 1 and 2 are each other's parents, 3 is its own, 9 is the child of one that is not there, 4 is the
 * child of 9, and 4 comes first. */
static void test_a_tree_that_cannot_be(void **state)
{
    static const char pstree[] = "\x19\x43\x56\x54\x30\x30\x27\x50"
                                 "\4\0\0\0\x08\4\x10\x09"
                                 "\4\0\0\0\x08\1\x10\2"
                                 "\4\0\0\0\x08\2\x10\1"
                                 "\4\0\0\0\x08\3\x10\3"
                                 "\4\0\0\0\x08\x09\x10\x63";
    static const int pids[] = {9, 4, 2, 1, 3}, depths[] = {0, 1, 0, 1, 0};
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report, *processes;

    (void)state;
    snapshot_init(&snapshot);
    take(&snapshot, "pstree.img", pstree, sizeof pstree - 1);
    report = report_make(&snapshot, &walk, NULL, false);
    processes = json_object_get(report, "processes");
    assert_int_equal(json_array_size(processes), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(number(json_array_get(processes, i), "pid"), pids[i]);
        assert_int_equal(number(json_array_get(processes, i), "depth"), depths[i]);
    }
    json_decref(report);
    snapshot_done(&snapshot);
}

static void test_variables_are_hidden(void **state)
{
    static const char spec[] =
        "{\"process\": {\"env\": [\"A=secret\", \"no equals sign\", \"B=\"]},"
        " \"annotations\": {\"x\": \"y\", \"z/last-applied-configuration\":"
        " \"secret\", \"w\": \"{last-applied-configuration: secret}\"}}";
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report, *environment, *annotations;
    char *dump;

    (void)state;
    snapshot_init(&snapshot);
    set(&walk.spec_dump, spec);
    set(&walk.config_dump, "{}");
    report = report_make(&snapshot, &walk, NULL, false);
    environment = json_object_get(json_object_get(report, "configured"), "environment");
    assert_string_equal(text(json_array_get(environment, 0), "name"), "A");
    assert_int_equal(number(json_array_get(environment, 0), "bytes"), 6);
    assert_string_equal(text(json_array_get(environment, 1), "name"), "");
    assert_int_equal(number(json_array_get(environment, 1), "bytes"), 14);
    assert_int_equal(number(json_array_get(environment, 2), "bytes"), 0);
    annotations = json_object_get(report, "annotations");
    assert_string_equal(text(annotations, "x"), "y");
    assert_true(json_is_null(json_object_get(annotations, "w")));
    dump = json_dumps(report, 0);
    assert_null(strstr(dump, "secret"));
    assert_null(strstr(dump, "equals"));
    free(dump);
    json_decref(report);
    report = report_make(&snapshot, &walk, NULL, true);
    environment = json_object_get(json_object_get(report, "configured"), "environment");
    assert_string_equal(text(json_array_get(environment, 0), "value"), "secret");
    assert_string_equal(text(json_array_get(environment, 1), "value"), "no equals sign");
    json_decref(report);
    snapshot_done(&snapshot);
}

static void test_addresses_and_times(void **state)
{
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report, *addresses;

    (void)state;
    snapshot_init(&snapshot);
    set(&walk.spec_dump, "{\"annotations\": {\"io.container.manager\": \"libpod\"}}");
    set(&walk.config_dump, "{\"name\": \"c\", \"checkpointedTime\": \"0001-01-01T00:00:00Z\"}");
    set(&walk.network_status, "{\"podman\": {\"interfaces\": {\"eth0\": {\"subnets\": [{\"ipnet\": "
                              "\"10.88.0.9/16\"}]}}}}");
    walk.inventory_time = 1790000000;
    report = report_make(&snapshot, &walk, NULL, false);
    addresses = json_object_get(json_object_get(report, "container"), "addresses");
    assert_int_equal(json_array_size(addresses), 1);
    assert_string_equal(json_string_value(json_array_get(addresses, 0)), "10.88.0.9");
    assert_string_equal(text(json_object_get(report, "times"), "checkpointed"),
                        "2026-09-21T14:13:20Z");
    assert_string_equal(text(json_object_get(report, "times"), "checkpointed_from"),
                        "checkpoint/inventory.img");
    json_decref(report);
    snapshot_done(&snapshot);
}

static void test_lists_have_an_end(void **state)
{
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report;

    (void)state;
    snapshot_init(&snapshot);
    for (int i = 0; i < SNAPSHOT_CHANGES_MAX + 5; i++)
        snapshot_add_change(&snapshot, "/x", 2, "file", "changed", 1);
    report = report_make(&snapshot, &walk, NULL, false);
    assert_int_equal(json_array_size(json_object_get(report, "changes")), SNAPSHOT_CHANGES_MAX);
    assert_int_equal(number(report, "changes_omitted"), 5);
    json_decref(report);
    snapshot_done(&snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_gives_an_empty_report),
        cmocka_unit_test(test_a_tree_that_cannot_be),
        cmocka_unit_test(test_variables_are_hidden),
        cmocka_unit_test(test_addresses_and_times),
        cmocka_unit_test(test_lists_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
