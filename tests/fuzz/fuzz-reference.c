// SPDX-License-Identifier: Apache-2.0
/*
 * Names of images and places as users and settings files write them: a name, a prefix and a
 * location, with a NUL between them. What was understood and written out again is understood in the
 * same way.
 */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "registry/registries-conf.h"
#include "store/store.h"
#include "transport/destination.h"

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_reference(const struct reference *a, const struct reference *b)
{
    return same(a->domain, b->domain) && same(a->host, b->host) && same(a->path, b->path) &&
           same(a->tag, b->tag) && same(a->digest, b->digest);
}

static void fuzz_rule(const struct reference *reference, const char *name, char *prefix,
                      char *location)
{
    struct registries_rule rule = {.prefix = prefix, .location = location, .file = xstrdup("file")};
    struct reference place = {0};
    struct error error = {0};

    rule.matched_len = registries_prefix_match(prefix, name);
    fuzz_require(rule.matched_len <= strlen(name));
    if (rule.matched_len &&
        registries_rule_locate(&place, &rule, rule.location, reference, &error) < 0)
        fuzz_require_error(&error);
    reference_done(&place);
    registries_rule_done(&rule);
}

static void fuzz_reference(const char *text, char *prefix, char *location)
{
    struct reference first = {0}, second = {0};
    cleanup_free char *formatted = NULL;
    struct error error = {0};

    if (reference_parse(&first, text, &error) < 0) {
        fuzz_require_error(&error);
        fuzz_require(error.kind == ERROR_USAGE);
        free(prefix);
        free(location);
        return;
    }
    formatted = reference_format(&first);
    fuzz_require(reference_parse(&second, formatted, &error) == 0);
    fuzz_require(same_reference(&first, &second));
    fuzz_rule(&first, formatted, prefix, location);
    reference_done(&first);
    reference_done(&second);
}

static void fuzz_destination(const char *text)
{
    int (*parse)(struct destination *, const char *, struct error *) =
        strchr(text, '@') ? destination_parse_source : destination_parse;
    struct destination first = {0}, second = {0};
    struct error error = {0};

    if (parse(&first, text, &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    fuzz_require(parse(&second, first.name, &error) == 0);
    fuzz_require(first.kind == second.kind && same(first.name, second.name));
    fuzz_require(same(first.path, second.path) && same(first.tag, second.tag));
    fuzz_require(same(first.digest, second.digest));
    fuzz_require(same_reference(&first.reference, &second.reference));
    destination_done(&first);
    destination_done(&second);
}

static void fuzz_words(const char *text)
{
    struct platform platform;
    struct digest digest;
    struct error error = {0};

    if (platform_parse(&platform, text, &error) == 0)
        free((char *)(uintptr_t)platform.os);
    else
        fuzz_require_error(&error);
    if (digest_parse(&digest, text) == 0)
        fuzz_require(strcmp(digest.text, text) == 0);
    if (ref_name_check(text, &error) < 0)
        fuzz_require_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *text = fuzz_next_text(&input, NULL);
    char *prefix = fuzz_next_text(&input, NULL);

    fuzz_reference(text, prefix, fuzz_next_text(&input, NULL));
    fuzz_destination(text);
    fuzz_words(text);
    return 0;
}
