// SPDX-License-Identifier: Apache-2.0
/* The rules of the agent: references, when an archive is tried, what may be removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "base/memory.h"
#include "watch/retention.h"
#include "watch/schedule.h"
#include "watch/template.h"

static char *expanded(const char *template, const char *pod_namespace, const char *pod,
                      const char *name)
{
    struct archive archive = {.name = (char *)(uintptr_t)name,
                              .pod_namespace = (char *)(uintptr_t)pod_namespace,
                              .pod = (char *)(uintptr_t)pod,
                              .time_s = 1795527089,
                              .identity = {.size = 1024, .mtime_ns = 5}};
    char *reference = NULL;
    struct error error = {0};

    if (template_expand(template, "Node_1", &archive, &reference, &error))
        fail_msg("%s", error.text);
    return reference;
}

static void expect_expansion(const char *pod_namespace, const char *pod, const char *expected)
{
    cleanup_free char *reference =
        expanded("reg.example/{namespace}/{pod}/{node}:{container}-{time}", pod_namespace, pod,
                 "x");
    char *time = strrchr(reference, ':');

    assert_non_null(time);
    assert_int_equal(strncmp(time, ":none-20261124-", strlen(":none-20261124-")), 0);
    *time = '\0';
    assert_string_equal(reference, expected);
}

static void test_values_are_made_to_fit(void **state)
{
    char pod[254] = {0}, shortened[512] = "reg.example/ns/";

    (void)state;
    expect_expansion("ns", "Web.Server__x-", "reg.example/ns/web.server-x/node_1");
    expect_expansion("../../etc", "..", "reg.example/etc/none/node_1");
    expect_expansion(NULL, "a/b:c@d {pod}", "reg.example/none/a-b-c-d-pod/node_1");
    memset(pod, 'p', sizeof pod - 1);
    memset(shortened + strlen(shortened), 'p', 63);
    strcat(shortened, "/node_1");
    expect_expansion("ns", pod, shortened);
}

static void test_the_whole_is_made_to_fit(void **state)
{
    static const char template[] = "reg.example/x:{namespace}-{pod}-{node}-{time}";
    char longest[254] = {0};
    cleanup_free char *reference = NULL;

    (void)state;
    memset(longest, 'n', sizeof longest - 1);
    reference = expanded(template, longest, longest, "x");
    assert_in_range(strlen(strrchr(reference, ':') + 1), 100, 128);
}

static void test_archives_of_one_second_differ(void **state)
{
    cleanup_free char *one = expanded("r.example/x/{pod}:{time}", "ns", "web", "checkpoint-1.tar");
    cleanup_free char *other =
        expanded("r.example/x/{pod}:{time}", "ns", "web", "checkpoint-2.tar");
    cleanup_free char *again =
        expanded("r.example/x/{pod}:{time}", "ns", "web", "checkpoint-1.tar");

    (void)state;
    assert_string_not_equal(one, other);
    assert_string_equal(one, again);
    assert_int_equal(strlen(one), strlen("r.example/x/web:20261124-000000-00000000"));
}

static void test_which_file_it_is(void **state)
{
    struct stat status = {.st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = {.tv_sec = 4}};
    const struct archive_identity known = archive_identity_of(&status);
    struct archive_identity now;

    (void)state;
    status.st_dev = 5; /* the machine has been started anew */
    now = archive_identity_of(&status);
    assert_true(archive_identity_equal(&known, &now));
    status.st_mtim.tv_nsec = 1;
    now = archive_identity_of(&status);
    assert_false(archive_identity_equal(&known, &now));
    status.st_mtim.tv_sec = (time_t)430 * 365 * 24 * 60 * 60; /* is not long ago */
    assert_true(archive_identity_of(&status).mtime_ns > INT64_MAX / 2);
    status.st_mtim.tv_sec = -status.st_mtim.tv_sec;
    assert_true(archive_identity_of(&status).mtime_ns < 0);
}

static const struct schedule schedule = {.settle_ms = 500,
                                         .incomplete_ms = 6000,
                                         .attempts = {.times = 2, .delay_ms = 100}};

/* What becomes of an archive of that name that says so of itself. */
static enum outcome_kind listed(const char *name, const char *said, struct archive *archive)
{
    cleanup_free char *text = xasprintf("[{%s}]", said);
    struct child child = {0};
    struct outcome outcome;

    buffer_init(&child.output, CHILD_OUTPUT_MAX_BYTES);
    assert_int_equal(buffer_append(&child.output, text, strlen(text)), 0);
    archive->name = (char *)(uintptr_t)name;
    outcome_of_list(&outcome, &child, archive);
    buffer_done(&child.output);
    if (outcome.kind == OUTCOME_REFUSED)
        assert_string_not_equal(outcome.text, "");
    return outcome.kind;
}

static void drop_names(struct archive *archive)
{
    archive_set_text(&archive->pod_namespace, NULL);
    archive_set_text(&archive->pod, NULL);
    archive_set_text(&archive->container, NULL);
}

static enum outcome_kind listed_as(const char *name, const char *said)
{
    struct archive archive = {0};
    enum outcome_kind kind = listed(name, said, &archive);

    assert_true(kind == OUTCOME_DONE ||
                (!archive.pod_namespace && !archive.pod && !archive.container));
    drop_names(&archive);
    return kind;
}

#define SAYS(namespace, pod, container) \
    "\"namespace\":\"" namespace "\",\"pod\":\"" pod "\",\"container\":\"" container "\""

static void test_whose_an_archive_is(void **state)
{
    static const char name[] = "checkpoint-web_team-a-web-2026-11-20T09:30:15Z.tar";
    struct archive archive = {0};

    (void)state;
    assert_int_equal(listed(name, SAYS("team-a", "web", "web"), &archive), OUTCOME_DONE);
    assert_string_equal(archive.pod_namespace, "team-a");
    drop_names(&archive);
    assert_int_equal(listed_as(name, SAYS("kube-system", "etcd", "etcd")), OUTCOME_REFUSED);
    assert_int_equal(listed_as(name, SAYS("kube-system", "web", "web")), OUTCOME_REFUSED);
    assert_int_equal(listed_as(name, SAYS("team-a", "etcd", "web")), OUTCOME_REFUSED);
    assert_int_equal(listed_as(name, SAYS("team-a", "web", "etcd")), OUTCOME_REFUSED);
    assert_int_equal(listed_as(name, "\"namespace\":\"kube-system\""), OUTCOME_REFUSED);
    assert_int_equal(listed_as(name, "\"container\":\"etcd\""), OUTCOME_REFUSED);
    /* Other names say nothing. */
    assert_int_equal(listed_as("checkpoint-1.tar", SAYS("kube-system", "etcd", "etcd")),
                     OUTCOME_DONE);
}

static void test_what_is_no_name(void **state)
{
    static const char *const none[] = {
        SAYS("team.a", "web", "web"),   SAYS("Team", "web", "web"),   SAYS("a", "we_b", "web"),
        SAYS("a", "web", "w.b"),        SAYS("a/../b", "web", "web"), SAYS("a", "..", "web"),
        SAYS("a", "web\\u200b", "web"), SAYS("-a", "web", "web"),     SAYS("", "web", "web"),
    };
    char long_name[300] = {0};
    cleanup_free char *of_podman = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(listed_as("checkpoint-1.tar", none[i]), OUTCOME_REFUSED);
    /* Podman's containers are in no pod. */
    assert_int_equal(listed_as("checkpoint-1.tar", "\"container\":\"My_Web.1\""), OUTCOME_DONE);
    memset(long_name, 'n', sizeof long_name - 1);
    of_podman = xasprintf("\"container\":\"%s\"", long_name);
    assert_int_equal(listed_as("checkpoint-1.tar", of_podman), OUTCOME_REFUSED);
}

static struct archive_identity identity_of_size(int64_t size)
{
    return (struct archive_identity){.inode = 7, .size = size, .mtime_ns = 1000};
}

static void see(struct archive *archive, int64_t size, bool is_closed, int64_t now_ms)
{
    const struct archive_identity identity = identity_of_size(size);

    /* The file is as old as it is long that we know of it. */
    schedule_seen(&schedule, archive, &identity, is_closed, now_ms, 1000);
}

static enum judgement judge(struct archive *archive, enum outcome_kind kind, int64_t now_ms)
{
    const struct outcome outcome = {.kind = kind, .text = "why"};

    return schedule_judge(&schedule, archive, &outcome, now_ms);
}

static void drop(struct archive *archive)
{
    archive_set_text(&archive->error_text, NULL);
    archive_set_text(&archive->digest, NULL);
}

static void test_a_file_settles(void **state)
{
    struct archive archive = {0};

    (void)state;
    see(&archive, 10, false, 10000);
    assert_int_equal(archive.due_ms, 10500);
    see(&archive, 20, false, 10400);
    assert_int_equal(archive.due_ms, 10900);
    see(&archive, 20, false, 10450);
    assert_int_equal(archive.due_ms, 10900);
    see(&archive, 20, true, 10500);
    assert_int_equal(archive.due_ms, 10500);
}

static void test_an_old_file_has_settled(void **state)
{
    const struct archive_identity identity = identity_of_size(10);
    struct archive archive = {0};

    (void)state;
    assert_true(schedule_seen(&schedule, &archive, &identity, false, 10000, 9000000000));
    assert_in_range(archive.due_ms, 0, 10000);
    assert_int_equal(judge(&archive, OUTCOME_REFUSED, 10000), JUDGED_REFUSED);
    drop(&archive);
}

static void test_what_may_be_incomplete_is_not_refused(void **state)
{
    struct archive archive = {0};

    (void)state;
    see(&archive, 10, true, 10000);
    assert_int_equal(archive.due_ms, 10000);
    assert_int_equal(judge(&archive, OUTCOME_REFUSED, 10100), JUDGED_INCOMPLETE);
    assert_int_equal(archive.due_ms, 16000);
    /* Written on, and closed once more: that says little by now. */
    see(&archive, 20, true, 12000);
    assert_int_equal(archive.due_ms, 12500);
    assert_int_equal(judge(&archive, OUTCOME_REFUSED, 12600), JUDGED_INCOMPLETE);
    assert_int_equal(judge(&archive, OUTCOME_REFUSED, 18000), JUDGED_REFUSED);
    assert_int_equal(archive.state, ARCHIVE_REFUSED);
    assert_false(schedule_again(&archive, 19000));
    drop(&archive);
}

static void test_failures_are_counted(void **state)
{
    struct archive archive = {0};

    (void)state;
    see(&archive, 10, true, 10000);
    assert_int_equal(judge(&archive, OUTCOME_FAILED, 10000), JUDGED_RETRY);
    assert_int_equal(archive.due_ms, 10100);
    assert_int_equal(judge(&archive, OUTCOME_INTERRUPTED, 10100), JUDGED_STOPPED);
    assert_int_equal(judge(&archive, OUTCOME_FAILED, 10200), JUDGED_RETRY);
    assert_int_equal(archive.due_ms, 10400);
    assert_int_equal(judge(&archive, OUTCOME_FAILED, 10400), JUDGED_FAILED);
    assert_true(schedule_again(&archive, 20000));
    assert_int_equal(archive.state, ARCHIVE_WAITING);
    assert_int_equal(judge(&archive, OUTCOME_DONE, 20000), JUDGED_PUSHED);
    assert_int_equal(archive.state, ARCHIVE_PUSHED);
    drop(&archive);
}

static void test_crashes_have_a_bound_of_their_own(void **state)
{
    const struct schedule patient = {.attempts = {.times = 100, .delay_ms = 1}};
    const struct outcome crash = {.kind = OUTCOME_CRASHED};
    struct archive archive = {0};

    (void)state;
    for (int i = 1; i < SCHEDULE_MAX_CRASHES; i++)
        assert_int_equal(schedule_judge(&patient, &archive, &crash, i), JUDGED_RETRY);
    assert_int_equal(schedule_judge(&patient, &archive, &crash, 10), JUDGED_FAILED);
}

static void test_another_file_of_the_same_name_is_new(void **state)
{
    const struct archive_identity other = {.inode = 8, .size = 10, .mtime_ns = 1000};
    struct archive archive = {0};

    (void)state;
    see(&archive, 10, true, 10000);
    judge(&archive, OUTCOME_DONE, 10000);
    archive_set_text(&archive.reference, "x/y:1");
    see(&archive, 10, true, 10100);
    assert_int_equal(archive.state, ARCHIVE_PUSHED);
    assert_true(schedule_seen(&schedule, &archive, &other, true, 10200, 1000));
    assert_int_equal(archive.state, ARCHIVE_WAITING);
    assert_null(archive.reference);
    assert_null(archive.digest);
    drop(&archive);
}

/* "NAME CONTAINER AGE_S SIZE", the state by its first letter. */
static void add(struct archive_table *table, const char *name, const char *container, int64_t age_s,
                int64_t size)
{
    struct archive *archive;
    struct error error;

    assert_int_equal(archive_table_add(table, name, &archive, &error), 0);
    archive->identity.size = size;
    archive->identity.mtime_ns = (1000000 - age_s) * 1000000000;
    archive->state = name[0] == 'w' ? ARCHIVE_WAITING : ARCHIVE_PUSHED;
    archive->is_kept = name[0] == 'k';
    archive_set_text(&archive->container, container);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names, sorted, with the first letter of the reason behind each. */
static void expect_selection(const struct archive_table *table, struct retention retention,
                             const char *expected)
{
    size_t count;
    cleanup_free struct candidate *candidates =
        retention_select(&retention, table, 1000000, &count);
    char *texts[16], all[256] = "";

    assert_in_range(count, 0, 15);
    for (size_t i = 0; i < count; i++)
        texts[i] = xasprintf("%s=%c ", candidates[i].archive->name, candidates[i].reason[0]);
    qsort(texts, count, sizeof *texts, compare);
    for (size_t i = 0; i < count; i++) {
        strcat(all, texts[i]);
        free(texts[i]);
    }
    assert_string_equal(all, expected);
}

static void test_what_may_be_removed(void **state)
{
    struct archive_table table = {0};

    (void)state;
    add(&table, "a1", "a", 400, 10);
    add(&table, "a2", "a", 300, 10);
    add(&table, "a3", "a", 200, 10);
    add(&table, "b1", "b", 500, 10);
    add(&table, "k1", "a", 100, 10);
    add(&table, "w1", "a", 900, 10);
    expect_selection(&table, (struct retention){-1, -1, -1}, "");
    expect_selection(&table, (struct retention){1, -1, -1}, "a1=c a2=c ");
    expect_selection(&table, (struct retention){0, -1, -1}, "a1=c a2=c a3=c b1=c ");
    expect_selection(&table, (struct retention){-1, 399, -1}, "a1=a b1=a ");
    expect_selection(&table, (struct retention){-1, -1, 60}, "");
    expect_selection(&table, (struct retention){-1, -1, 59}, "b1=s ");
    expect_selection(&table, (struct retention){-1, -1, 40}, "a1=s b1=s ");
    expect_selection(&table, (struct retention){2, -1, 40}, "a1=c b1=s ");
    expect_selection(&table, (struct retention){-1, -1, 0}, "a1=s a2=s a3=s b1=s ");
    archive_table_done(&table);
}

/* Whatever archives say of themselves, they are counted as the kubelet has called them. */
static void test_the_kubelets_names_tell_containers_apart(void **state)
{
#define NAMED(container, day) "checkpoint-" container "-2026-11-" #day "T09:30:15Z.tar"
    struct archive_table table = {0};

    (void)state;
    add(&table, NAMED("web_a-b", 01), "x", 400, 10);
    add(&table, NAMED("web_a-b", 02), "x", 300, 10);
    add(&table, NAMED("web_c-d", 01), "x", 200, 10);
    add(&table, "checkpoint-1.tar", "x", 100, 10);
    /* One text, two containers: namespace a with container b-c, and a-b with c. */
    add(&table, NAMED("web_a-b-c", 01), "b-c", 200, 10);
    add(&table, NAMED("web_a-b-c", 02), "c", 100, 10);
    expect_selection(&table, (struct retention){1, -1, -1}, NAMED("web_a-b", 01) "=c ");
    archive_table_done(&table);
#undef NAMED
}

static void test_the_table_is_sorted(void **state)
{
    struct archive_table table = {0};
    static const char *const names[] = {"m", "a", "z", "b", "y"};

    (void)state;
    for (int i = 0; i < 5; i++)
        add(&table, names[i], NULL, 0, 0);
    for (size_t i = 1; i < table.count; i++)
        assert_in_range(strcmp(table.archives[i]->name, table.archives[i - 1]->name), 1, INT32_MAX);
    archive_table_remove(&table, archive_table_find(&table, "m"));
    assert_null(archive_table_find(&table, "m"));
    assert_string_equal(archive_table_find(&table, "y")->name, "y");
    assert_int_equal(table.count, 4);
    archive_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_made_to_fit),
        cmocka_unit_test(test_the_whole_is_made_to_fit),
        cmocka_unit_test(test_archives_of_one_second_differ),
        cmocka_unit_test(test_a_file_settles),
        cmocka_unit_test(test_an_old_file_has_settled),
        cmocka_unit_test(test_what_may_be_incomplete_is_not_refused),
        cmocka_unit_test(test_failures_are_counted),
        cmocka_unit_test(test_crashes_have_a_bound_of_their_own),
        cmocka_unit_test(test_another_file_of_the_same_name_is_new),
        cmocka_unit_test(test_which_file_it_is),
        cmocka_unit_test(test_what_may_be_removed),
        cmocka_unit_test(test_the_kubelets_names_tell_containers_apart),
        cmocka_unit_test(test_whose_an_archive_is),
        cmocka_unit_test(test_what_is_no_name),
        cmocka_unit_test(test_the_table_is_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
