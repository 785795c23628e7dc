// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "kubelet/answer.h"

static const struct container_name name = {"shop", "cart-0", "cart"};
static const struct question direct = {.name = &name};
static const struct question for_pods = {.name = &name, .for_pods = true};
static const struct question via = {.name = &name, .via_apiserver = "node-1"};

/* What no kubelet of the command-line tests answers. */
static const struct {
    const struct question *question;
    int status;
    enum error_kind kind;
    const char *body, *reason, *advice;
} refusals[] = {
    {&direct, 404, ERROR_FAILED, "", "answered 404;",
     "either there is no such pod or container on this node, or the timeout is not understood, or "
     "the feature gate ContainerCheckpoint is off"},
    {&direct, 404, ERROR_FAILED, "cannot parse value of timeout parameter", "answered 404: cannot",
     "choose another --timeout"},
    {&direct, 404, ERROR_FAILED, "404 page not found\n", "answered 404: 404 page not found;",
     "ContainerCheckpoint"},
    {&for_pods, 403, ERROR_UNAUTHORIZED,
     "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[pods proxy])\n", "user=u",
     "resources: [\"nodes/proxy\"], verbs: [\"get\"]"},
    {&via, 403, ERROR_UNAUTHORIZED,
     "Forbidden (user=kube-apiserver, verb=create, resource=nodes, subresource=checkpoint)",
     "the kubelet that refuses the API server",
     "resources: [\"nodes/checkpoint\"], verbs: [\"create\"]"},
    {&via, 504, ERROR_FAILED, "", "the API server answered 504", "does not reach the kubelet"},
    {&direct, 503, ERROR_FAILED, "busy", "answered 503: busy", "is it a kubelet"},
    {&direct, 500, ERROR_FAILED, "one\x1b[31m\xff line\r\nand more", "one\\x1b[31m\\xff line;",
     "journalctl"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct error error;

        assert_int_equal(answer_refused(refusals[i].question, refusals[i].status, refusals[i].body,
                                        strlen(refusals[i].body), &error),
                         -1);
        assert_int_equal(error.kind, refusals[i].kind);
        assert_int_equal(error.http_status, refusals[i].status);
        if (!strstr(error.text, refusals[i].reason) || !strstr(error.text, refusals[i].advice) ||
            strstr(error.text, "and more"))
            fail_msg("%s", error.text);
    }
}

static void test_a_path(void **state)
{
    static const char *const wrong[] = {
        "",
        "{}",
        "{\"items\":[]}",
        "{\"items\":[\"/a\",\"/b\"]}",
        "{\"items\":[1]}",
        "{\"items\":[\"relative.tar\"]}",
        "{\"items\":[\"/var/../etc/shadow\"]}",
        "{\"items\":[\"/var/lib/..\"]}",
        "{\"items\":[\"/var/\\u001b[2J\"]}",
    };
    cleanup_free char *path = NULL;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(answer_read_path(&path, wrong[i], strlen(wrong[i]), &error), -1);
    assert_null(path);
    assert_int_equal(answer_read_path(&path, "{\"items\":[\"/x/y:z.tar\"]}", 24, &error), 0);
    assert_string_equal(path, "/x/y:z.tar");
}

#define POD                                                                                    \
    "{\"metadata\":{\"name\":\"cart-0\",\"namespace\":\"shop\"},\"spec\":{\"initContainers\":" \
    "[{\"name\":\"once\"},{\"name\":\"mesh\",\"restartPolicy\":\"Always\"}],\"containers\":"   \
    "[{\"name\":\"cart\"},{\"name\":\"log\"}],\"ephemeralContainers\":[{\"name\":\"debug\"}]}}"

static void assert_containers(const struct question *question, const char *body)
{
    cleanup(json_decrefp) json_t *names = NULL;
    cleanup_free char *text = NULL;
    struct error error;

    if (answer_read_containers(&names, question, body, strlen(body), &error))
        fail_msg("%s", error.text);
    text = json_dumps(names, JSON_COMPACT);
    assert_string_equal(text, "[\"mesh\",\"cart\",\"log\"]");
}

static void test_containers(void **state)
{
    (void)state;
    assert_containers(&via, POD);
    assert_containers(
        &for_pods,
        "{\"items\":[{\"metadata\":{\"name\":\"cart-0\",\"namespace\":\"other\"}}," POD "]}");
}

static void test_no_containers(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{\"items\":[]}",
        "{\"items\":[{\"metadata\":{\"name\":\"cart-0\",\"namespace\":\"shop\"}}]}",
        ("{\"items\":[{\"metadata\":{\"name\":\"cart-0\",\"namespace\":\"shop\"},"
         "\"spec\":{\"containers\":[{\"name\":\"../x\"}]}}]}"),
    };
    json_t *names = NULL;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(answer_read_containers(&names, &for_pods, wrong[i], strlen(wrong[i]),
                                                &error),
                         -1);
        assert_int_equal(error.kind, ERROR_FAILED);
        assert_null(names);
    }
}

static void test_names(void **state)
{
    static const struct container_name wrong[] = {
        {"", "p", "c"},   {"n", "", "c"},     {"n", "p", ""},    {"n.x", "p", "c"},
        {"n", "P", "c"},  {"n", "p", "c.d"},  {"n", "p", "-c"},  {"n", "..", "c"},
        {"n", "p?", "c"}, {"n", "p%2f", "c"}, {"n\n", "p", "c"},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(kubelet_check_name(&wrong[i], &error), -1);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
    assert_int_equal(kubelet_check_name(&name, &error), 0);
    assert_int_equal(kubelet_check_name(&(struct container_name){"n", "a.b-1", NULL}, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_a_path),
        cmocka_unit_test(test_containers), cmocka_unit_test(test_no_containers),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
