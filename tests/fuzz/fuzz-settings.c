// SPDX-License-Identifier: Apache-2.0
/* Files that tools before us have written: credentials and registries.conf. The first byte says
 * which one it is; see the switch. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "http/secret.h"
#include "registry/authfile.h"
#include "registry/registries-conf.h"

static const char image[] = "registry.example:5000/team/app:1";

static void fuzz_authfile(enum authfile_schema schema, struct fuzz_input input)
{
    static struct reference reference;
    struct credentials credentials = {0};
    struct error error = {0};
    cleanup_free char *text = NULL;
    int found;

    if (!reference.path)
        fuzz_require(reference_parse(&reference, image, &error) == 0);
    if (schema == AUTHFILE_FLAT) {
        found = authfile_find(&credentials, fuzz_file(input.data, input.len), schema, &reference,
                              NULL, &error);
    } else {
        text = fuzz_next_text(&input, NULL);
        found = authfile_find_in_text(&credentials, text, "text", &reference, NULL, &error);
    }
    if (found < 0)
        fuzz_require_error(&error);
    if (found > 0) {
        fuzz_require(credentials.username || credentials.identity_token ||
                     credentials.registry_token);
        fuzz_require(!credentials.username || credentials.password);
    }
    credentials_done(&credentials);
}

static void fuzz_base64(const char *text)
{
    size_t len;
    cleanup(secret_freep) char *decoded = secret_base64_decode(text, &len);

    if (decoded) {
        fuzz_require(len <= strlen(text));
        fuzz_require(decoded[len] == '\0');
    }
}

static void fuzz_registries_conf(const struct fuzz_input *input)
{
    struct registries_rule rule = {0};
    struct error error = {0};

    setenv("CONTAINERS_REGISTRIES_CONF", fuzz_file(input->data, input->len), 1);
    if (registries_conf_find(&rule, image, &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    if (rule.prefix)
        fuzz_require(registries_prefix_match(rule.prefix, image) == rule.matched_len);
    registries_rule_done(&rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data + 1, size - 1};
    cleanup_free char *text = NULL;

    if (size == 0)
        return 0;
    /* A credential helper that a file names must not be found, nor files of the user's own. */
    setenv("PATH", "/nonexistent", 1);
    setenv("HOME", "/nonexistent", 1);
    switch (*data) {
    case 'a':
        fuzz_authfile(AUTHFILE_AUTHS, input);
        break;
    case 'f':
        fuzz_authfile(AUTHFILE_FLAT, input);
        break;
    case 'b':
        text = fuzz_next_text(&input, NULL);
        fuzz_base64(text);
        break;
    case 'r':
        fuzz_registries_conf(&input);
        break;
    }
    return 0;
}
