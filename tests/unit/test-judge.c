// SPDX-License-Identifier: Apache-2.0
/* What the documents clear of what the walk has found in the tars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "checkpoint/judge.h"

/* How many findings of a check there are about one suspect, for an engine with these devices. */
static size_t found(enum engine engine, const char *devices, enum suspicion why,
                    const struct member *member, const char *path, enum check check)
{
    struct checkpoint checkpoint = {.engine = engine};
    cleanup(findings_done) struct findings findings = {.policy = {.keeps_going = true}};
    cleanup(suspects_done) struct suspects suspects = {0};
    struct error error = {0};
    json_t *list = json_loads(devices, JSON_DECODE_ANY, NULL);

    assert_non_null(list);
    checkpoint.spec = json_pack("{s:{s:o}}", "linux", "devices", list);
    suspects_add(&suspects, why, member, path, "it is suspect");
    assert_int_equal(checkpoint_judge(&checkpoint, &suspects, &findings, &error), 0);
    json_decref(checkpoint.spec);
    return findings.counts[check];
}

static size_t found_device(const char *devices, enum member_type type, unsigned minor,
                           const char *path)
{
    const struct member member = {.container = "rootfs-diff.tar",
                                  .path = "x",
                                  .type = type,
                                  .device_major = 8,
                                  .device_minor = minor};

    return found(ENGINE_CRIO, devices, SUSPECT_DEVICE, &member, path, CHECK_DEVICE_NODE);
}

#define DISK "{\"path\": \"/dev/sdb\", \"type\": \"b\", \"major\": 8, \"minor\": 16}"

static void test_a_device_is_declared_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(found_device("[" DISK "]", MEMBER_BLOCK_DEVICE, 16, "/dev/sdb"), 0);
    assert_int_equal(found_device("[" DISK "]", MEMBER_BLOCK_DEVICE, 17, "/dev/sdb"), 1);
    assert_int_equal(found_device("[" DISK "]", MEMBER_CHARACTER_DEVICE, 16, "/dev/sdb"), 1);
    assert_int_equal(found_device("[" DISK "]", MEMBER_BLOCK_DEVICE, 16, "/dev/null"), 1);
    assert_int_equal(found_device("[]", MEMBER_BLOCK_DEVICE, 16, "/dev/sdb"), 1);
    assert_int_equal(found_device("null", MEMBER_BLOCK_DEVICE, 16, "/dev/sdb"), 1);
    assert_int_equal(
        found_device("[1, {\"path\": \"/dev/sdb\", \"type\": \"b\", \"major\": \"8\"}, "
                     "{\"path\": 1, \"type\": \"\"}, " DISK "]",
                     MEMBER_BLOCK_DEVICE, 16, "/dev/sdb"),
        0);
    assert_int_equal(found_device("[{\"path\": \"/dev/x\", \"type\": \"u\", \"major\": 8, "
                                  "\"minor\": 1}]",
                                  MEMBER_CHARACTER_DEVICE, 1, "/dev/x"),
                     0);
}

static void test_what_an_engine_clears(void **state)
{
    static const struct member member = {.path = "x", .type = MEMBER_SYMLINK};
    static const struct {
        enum suspicion why;
        enum check check;
        size_t of_crio, of_containerd, of_podman;
    } cases[] = {
        {SUSPECT_LINK_ABOVE, CHECK_LINK_ESCAPE, 1, 0, 1},
        {SUSPECT_BASE_LINK, CHECK_BASE_IMAGE_LINK, 1, 0, 1},
        {SUSPECT_PARENT_LINK, CHECK_MEMBER_TYPE, 1, 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum suspicion why = cases[i].why;
        enum check check = cases[i].check;

        assert_int_equal(found(ENGINE_CRIO, "[]", why, &member, NULL, check), cases[i].of_crio);
        assert_int_equal(found(ENGINE_CONTAINERD, "[]", why, &member, NULL, check),
                         cases[i].of_containerd);
        assert_int_equal(found(ENGINE_PODMAN, "[]", why, &member, NULL, check), cases[i].of_podman);
        assert_int_equal(found(ENGINE_UNKNOWN, "[]", why, &member, NULL, check), 1);
    }
}

/* Whatever engine it names, CRI-O would restore it. */
static void test_an_archive_for_two_engines(void **state)
{
    static const struct member member = {.path = "x", .type = MEMBER_SYMLINK};
    struct checkpoint checkpoint = {.engine = ENGINE_CONTAINERD};
    cleanup(findings_done) struct findings findings = {0};
    cleanup(suspects_done) struct suspects suspects = {0};
    struct error error;

    (void)state;
    checkpoint.spec =
        json_pack("{s:{s:s}}", "annotations", "io.kubernetes.cri-o.Annotations", "null");
    suspects_add(&suspects, SUSPECT_BASE_LINK, &member, NULL, "it is suspect");
    assert_int_equal(checkpoint_judge(&checkpoint, &suspects, &findings, &error), 0);
    assert_int_equal(findings.counts[CHECK_BASE_IMAGE_LINK], 1);
    json_decref(checkpoint.spec);
}

/* However many there are: all are counted, and few are held. */
static void test_many_suspects(void **state)
{
    static const struct member link = {.path = "x", .type = MEMBER_SYMLINK};
    static const struct member device = {.path = "x", .type = MEMBER_BLOCK_DEVICE};
    cleanup(findings_done) struct findings findings = {.policy = {.keeps_going = true}};
    cleanup(suspects_done) struct suspects suspects = {0};
    struct error error;

    (void)state;
    for (int i = 0; i < 100; i++)
        suspects_add(&suspects, SUSPECT_LINK_ABOVE, &link, NULL, "it points to \"%d\"", i);
    for (int i = 0; i <= SUSPECTS_MAX_DEVICES; i++)
        suspects_add(&suspects, SUSPECT_DEVICE, &device, "/dev/x", "it is a device");
    assert_int_equal(suspects.count, FINDINGS_MAX_KEPT + SUSPECTS_MAX_DEVICES);
    assert_int_equal(checkpoint_judge(NULL, &suspects, &findings, &error), 0);
    assert_int_equal(findings.counts[CHECK_LINK_ESCAPE], 100);
    assert_int_equal(findings.counts[CHECK_DEVICE_NODE], SUSPECTS_MAX_DEVICES + 1);
    assert_int_equal(findings.refusals, 100 + SUSPECTS_MAX_DEVICES + 1);
    assert_int_equal(findings.count, 2 * FINDINGS_MAX_KEPT);

    findings_clear(&findings);
    findings.policy.keeps_going = false;
    assert_int_equal(checkpoint_judge(NULL, &suspects, &findings, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    assert_int_equal(findings.refusals, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_device_is_declared_as_it_is),
        cmocka_unit_test(test_what_an_engine_clears),
        cmocka_unit_test(test_an_archive_for_two_engines),
        cmocka_unit_test(test_many_suspects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
