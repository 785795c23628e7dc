// SPDX-License-Identifier: Apache-2.0
/* Which documents have the same fields to all readers, and which are the engines' alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/shape.h"

struct shape_case {
    const struct shape *shape;
    enum shape_kind kind;
    const char *document;
    const char *because; /* part of the message; NULL: it is fine */
};

static void try(const struct shape_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t left = JSON_GO_MAX_VALUES;
        struct error error = {0};
        cleanup(json_decrefp) json_t *json =
            json_parse_go(cases[i].document, strlen(cases[i].document), &left, &error);
        int result;

        assert_non_null(json);
        result = shape_check(json, cases[i].kind, cases[i].shape, &error);
        if (result != (cases[i].because ? -1 : 0))
            fail_msg("%s: %d %s", cases[i].document, result, error.text);
        if (cases[i].because && !strstr(error.text, cases[i].because))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].document, error.text,
                     cases[i].because);
    }
}

#define SPEC &shape_spec, SHAPE_STRUCT
#define CONFIG &shape_config, SHAPE_STRUCT
#define STATUS &shape_status, SHAPE_STRUCT

static void test_keys_that_are_nearly_fields(void **state)
{
    static const struct shape_case cases[] = {
        {SPEC, "{\"Mounts\":[]}", "\"Mounts\" is nearly \"mounts\""},
        {SPEC, "{\"mount\u017f\":[]}", "is nearly \"mounts\""},
        {SPEC, "{\"mount\\u017f\":[]}", "is nearly \"mounts\""},
        {SPEC, "{\"hoo\u212as\":{}}", "is nearly \"hooks\""},
        {SPEC, "{\"hoo\u212a\u017f\":{}}", "is nearly \"hooks\""},
        {SPEC, "{\"mounts\":[{},{\"Source\":\"/\"}]}", "mounts: the key \"Source\""},
        {SPEC, "{\"hooks\":{\"prestart\":[{\"Path\":\"/x\"}]}}", "hooks: prestart: "},
        {SPEC, "{\"process\":{\"user\":{\"u\u0131d\":0,\"Uid\":0}}}", "nearly \"uid\""},
        {SPEC, "{\"linux\":{\"ma\u017f\u212aedPath\u017f\":[]}}", "nearly \"maskedPaths\""},
        {SPEC, "{\"linux\":{\"resources\":{\"Unified\":{}}}}", "nearly \"unified\""},
        {SPEC, "{\"linux\":{\"resources\":{\"rdma\":{\"A\":{\"hcahandles\":1}}}}}", "A: "},
        {CONFIG, "{\"rootf\u017fImageRef\":\"\"}", "nearly \"rootfsImageRef\""},
        {CONFIG, "{\"spec\":{\"Mounts\":[]}}", "spec: the key"},
        {CONFIG, "{\"dependencies\":[]}", "nearly \"Dependencies\""},
        {CONFIG, "{\"secret_env\":{\"foo\":{\"Name\":\"a\"}}}", "secret_env: foo: "},
        {CONFIG, "{\"rawImageName\":\"a\",\"RawImageName\":\"b\"}", "there twice"},
        {STATUS, "{\"annotation\u017f\":{}}", "nearly \"annotations\""},
        {STATUS, "{\"image\":{\"Image\":\"a\"}}", "nearly \"image\""},
        {&shape_bind_mount, SHAPE_LIST, "[{\"de\u017ftination\":\"/\"}]", "\"destination\""},
        {&shape_network, SHAPE_MAP, "{\"podman\":{\"Interfaces\":{}}}", "\"interfaces\""},
        {&shape_volume, SHAPE_LIST, "[{\"Host_path\":\"/\"}]", "\"host_path\""},
        {&shape_metadata, SHAPE_STRUCT, "{\"NAME\":\"a\"}", "\"name\""},
        /* Of a structure that nobody knows, too. */
        {SPEC, "{\"new\":[[{\"A\":1,\"a\":2}]]}", "there twice"},
    };

    (void)state;
    try(cases, sizeof cases / sizeof *cases);
}

static void test_keys_that_are_data(void **state)
{
    static const struct shape_case cases[] = {
        {SPEC, "{\"annotations\":{\"Mounts\":\"a\",\"mounts\":\"b\",\"hook\u017f\":\"c\"}}", NULL},
        {SPEC, "{\"linux\":{\"sysctl\":{\"net.ETH0\":\"1\",\"net.eth0\":\"1\"}}}", NULL},
        {SPEC, "{\"linux\":{\"resources\":{\"unified\":{\"A\":\"1\",\"a\":\"1\"}}}}", NULL},
        {SPEC, "{\"linux\":{\"netDevices\":{\"ETH0\":{},\"eth0\":{\"name\":\"x\"}}}}", NULL},
        {CONFIG, "{\"secret_env\":{\"FOO\":{\"name\":\"a\"},\"foo\":{\"name\":\"b\"}}}", NULL},
        {CONFIG, "{\"labels\":{\"Spec\":\"a\",\"spec\":\"b\"}}", NULL},
        {CONFIG, "{\"storageOpts\":{\"Size\":\"a\",\"size\":\"b\"}}", NULL},
        {CONFIG, "{\"newNetworks\":{\"A\":{\"options\":{\"B\":\"\",\"b\":\"\"}},\"a\":{}}}", NULL},
        {STATUS, "{\"labels\":{\"Mounts\":\"a\"},\"image\":{\"annotations\":{\"A\":\"\"}}}", NULL},
        {&shape_network, SHAPE_MAP, "{\"Podman\":{},\"podman\":{\"interfaces\":{}}}", NULL},
        {SPEC, "{\"some new field\":{\"Mounts\":[]},\"mounts\":null,\"process\":null}", NULL},
        {CONFIG, "{\"rawImageName\":\"a\"}", NULL},
    };

    (void)state;
    try(cases, sizeof cases / sizeof *cases);
}

static void test_values_that_go_does_not_take(void **state)
{
    static const struct shape_case cases[] = {
        {SPEC, "[]", "it is no object"},
        {SPEC, "{\"mounts\":{}}", "mounts: it is no list"},
        {SPEC, "{\"mounts\":[1]}", "mounts: it is no object"},
        {SPEC, "{\"annotations\":[]}", "annotations: it is no object"},
        {SPEC, "{\"linux\":{\"devices\":[{\"major\":1.5}]}}", "\"major\" is a number with"},
        {SPEC, "{\"linux\":{\"devices\":[{\"major\":1e2}]}}", "\"major\" is a number with"},
        {SPEC, "{\"process\":{\"rlimits\":[{\"hard\":18446744073709551615}]}}", NULL},
        {SPEC, "{\"mounts\":[{\"source\":\"/a\\u0000/../b\"}]}", "a NUL"},
        {SPEC, "{\"linux\":{\"maskedPaths\":[\"/proc\",\"/a\\u0000\"]}}", "a NUL"},
        {SPEC, "{\"annotations\":{\"io.kubernetes.cri-o.LogPath\":\"/a\\u0000\"}}", "a NUL"},
        {SPEC, "{\"annotations\":{\"team\":\"a\\u0000\"}}", NULL},
        {SPEC, "{\"process\":{\"env\":[\"A=\\u0000\"],\"args\":[\"\\u0000\"]}}", NULL},
    };

    (void)state;
    try(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_that_are_nearly_fields),
        cmocka_unit_test(test_keys_that_are_data),
        cmocka_unit_test(test_values_that_go_does_not_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
