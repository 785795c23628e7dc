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

#define COMMON "\x19\x43\x56\x54"
#define CORE COMMON "\x47\x38\x05\x55"

/* Process 1 has the threads 5 and 6, of which 5 has no core image; 7 is dead. */
static void test_threads_are_no_processes(void **state)
{
    static const char pstree[] = COMMON "\x30\x30\x27\x50"
                                        "\x0a\0\0\0\x08\1\x10\0\x28\1\x28\5\x28\6"
                                        "\6\0\0\0\x08\7\x10\1\x28\0";
    static const char alive[] = CORE "\x06\0\0\0\x08\1\x1a\2\x08\1";
    static const char dead[] = CORE "\x06\0\0\0\x08\1\x1a\2\x08\2";
    static const char thread[] = CORE "\x02\0\0\0\x08\1";
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report, *processes, *ids;

    (void)state;
    snapshot_init(&snapshot);
    take(&snapshot, "core-1.img", alive, sizeof alive - 1);
    take(&snapshot, "core-5.img", alive, sizeof alive - 1); /* as a lie; and the tree counts */
    take(&snapshot, "core-6.img", thread, sizeof thread - 1);
    take(&snapshot, "core-7.img", dead, sizeof dead - 1);
    take(&snapshot, "pstree.img", pstree, sizeof pstree - 1);
    report = report_make(&snapshot, &walk, NULL, false);
    processes = json_object_get(report, "processes");
    assert_int_equal(json_array_size(processes), 2);
    assert_int_equal(number(json_array_get(processes, 0), "threads"), 3);
    ids = json_object_get(json_array_get(processes, 0), "thread_ids");
    assert_int_equal(json_integer_value(json_array_get(ids, 0)), 1);
    assert_int_equal(json_integer_value(json_array_get(ids, 2)), 6);
    assert_string_equal(text(json_array_get(processes, 1), "state"), "dead");
    assert_true(has_note(report, "mm-1.img is missing"));
    assert_true(has_note(report, "pagemap-1.img is missing"));
    assert_true(has_note(report, "open files of process 1 are not known"));
    assert_false(has_note(report, "mm-7.img"));
    json_decref(report);
    snapshot_done(&snapshot);
}

static void test_threads_without_a_tree(void **state)
{
    static const char thread[] = CORE "\x02\0\0\0\x08\1";
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    json_t *report;

    (void)state;
    snapshot_init(&snapshot);
    take(&snapshot, "core-6.img", thread, sizeof thread - 1);
    report = report_make(&snapshot, &walk, NULL, false);
    assert_int_equal(json_array_size(json_object_get(report, "processes")), 0);
    assert_true(has_note(report, "pstree.img is missing"));
    json_decref(report);
    snapshot_done(&snapshot);
}

static void remember(struct process_memory *memory, const char *bytes, size_t len)
{
    memory->bytes = xcalloc(len + 1, 1);
    memcpy(memory->bytes, bytes, len);
    memory->len = memory->have = len;
}

/* The arguments, then the environment at `gap` bytes behind them. */
static json_t *report_of_memory(const char *arguments, size_t len, const char *environment,
                                size_t environment_len, size_t gap)
{
    static const char alive[] = CORE "\x06\0\0\0\x08\1\x1a\2\x08\1";
    struct snapshot snapshot;
    cleanup(walk_done) struct walk walk = {0};
    struct process *process;
    json_t *report;

    snapshot_init(&snapshot);
    take(&snapshot, "core-1.img", alive, sizeof alive - 1);
    process = process_table_find(&snapshot.table, 1);
    process->has_mm = true;
    process->mm = (struct criu_mm){.arg_start = 0x1000,
                                   .arg_end = 0x1000 + len,
                                   .env_start = 0x1000 + len + gap,
                                   .env_end = 0x1000 + len + gap + environment_len};
    remember(&process->arguments, arguments, len);
    remember(&process->environment, environment, environment_len);
    report = report_make(&snapshot, &walk, NULL, true);
    snapshot_done(&snapshot);
    return report;
}

#define MEMORY(arguments, environment, gap) \
    arguments, sizeof arguments - 1, environment, sizeof environment - 1, gap

static void assert_command_line(json_t *report, const char *arguments, const char *variable)
{
    json_t *process = json_array_get(json_object_get(report, "processes"), 0), *argument;
    json_t *environment = json_object_get(process, "environment");
    char joined[200] = "";
    size_t i;

    json_array_foreach(json_object_get(process, "arguments"), i, argument)
    {
        strcat(joined, json_string_value(argument));
        strcat(joined, "|");
    }
    assert_string_equal(joined, arguments);
    assert_int_equal(json_array_size(environment), variable != NULL);
    if (variable)
        assert_string_equal(text(json_array_get(environment, 0), "value"), variable);
    json_decref(report);
}

/* As /proc/PID/cmdline has them. */
static void test_titles(void **state)
{
    (void)state;
    assert_command_line(report_of_memory(MEMORY("a\0\0b\0", "V=1\0", 0)), "a||b|", "1");
    assert_command_line(report_of_memory(MEMORY("app\0\0\0\0\0", "V=1\0", 0)), "app|", "1");
    assert_command_line(report_of_memory(MEMORY("app: long", " title\0\0\0", 0)),
                        "app: long title|", NULL);
    assert_command_line(report_of_memory(MEMORY("app: long", " title\0V=1\0", 0)),
                        "app: long title|", "1");
    assert_command_line(report_of_memory(MEMORY("app: long", "V=1\0", 8)), "app: long|", "1");
    assert_command_line(report_of_memory(MEMORY("app\0rest x", "V=1\0", 0)), "app|", "1");
    assert_command_line(report_of_memory(MEMORY("app: long", " no end", 0)), "app: long no end|",
                        NULL);
    assert_command_line(report_of_memory(MEMORY("\0\0", "V=1\0", 0)), "", "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_gives_an_empty_report),
        cmocka_unit_test(test_a_tree_that_cannot_be),
        cmocka_unit_test(test_variables_are_hidden),
        cmocka_unit_test(test_addresses_and_times),
        cmocka_unit_test(test_lists_have_an_end),
        cmocka_unit_test(test_threads_are_no_processes),
        cmocka_unit_test(test_threads_without_a_tree),
        cmocka_unit_test(test_titles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
