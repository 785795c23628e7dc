// SPDX-License-Identifier: Apache-2.0
/* What a registry answers. The first byte says what it is to be read as; see the switch. */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "http/secret.h"
#include "http/url.h"
#include "registry/answer.h"
#include "registry/challenge.h"

static const char base[] = "https://registry.example:5000/v2/a/blobs/uploads/?state=1";

/* Headers as they come, one behind the other. */
static void fuzz_challenges(struct fuzz_input input)
{
    cleanup(challenge_list_done) struct challenge_list list = {0};

    while (input.len) {
        cleanup_free char *header = fuzz_next_text(&input, NULL);
        size_t before = list.count;

        if (challenge_parse(&list, header) < 0)
            fuzz_require(list.count == before);
        fuzz_require(list.count >= before && list.count <= CHALLENGES_MAX);
    }
    for (size_t i = 0; i < list.count; i++)
        fuzz_require(challenge_find(&list, list.items[i].scheme));
}

static void fuzz_ranges(const char *header)
{
    struct error error = {0};
    int64_t last = content_range_kept(header);

    fuzz_require(last >= -1);
    for (uint64_t start = 0; start < 4; start++)
        if (content_range_check(header, start, 10, &error) < 0)
            fuzz_require_error(&error);
        else
            fuzz_require(content_range_check(header, start + 1, 10, &error) < 0);
}

/* Goes into a request line and into a message as it is. */
static void require_harmless(const char *url)
{
    for (const char *c = url; *c; c++)
        fuzz_require((unsigned char)*c > ' ' && *c != 0x7f);
}

static void fuzz_location(const char *location)
{
    cleanup_free char *url = NULL, *again = NULL, *longer = NULL, *origin = NULL;
    struct error error = {0};

    if (url_resolve(&url, base, location, &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    fuzz_require(strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
    require_harmless(url);
    fuzz_require(url_same_origin(url, url));
    origin = url_origin(url);
    require_harmless(origin);
    if (strlen(url) < URL_MAX_LEN / 4) {
        fuzz_require(url_resolve(&again, url, url, &error) == 0);
        fuzz_require(url_same_origin(again, url));
        fuzz_require(url_add_query(&longer, url, "digest", "sha256:0", &error) == 0);
        require_harmless(longer);
        fuzz_require(url_same_origin(longer, url));
        fuzz_require(strstr(longer, "digest=sha256"));
    }
}

static void fuzz_token(const struct fuzz_input *input)
{
    cleanup(secret_freep) char *token = NULL;
    struct error error = {0};
    int lifetime_s;

    if (token_parse(&token, &lifetime_s, (const char *)input->data, input->len, &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    fuzz_require(lifetime_s >= 0 && lifetime_s <= TOKEN_MAX_LIFETIME_S);
    fuzz_require(*token);
    require_harmless(token);
}

static void fuzz_refusal(const struct fuzz_input *input)
{
    static const int statuses[] = {200, 401, 413, 599};
    struct error error;

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        error = (struct error){0};
        refusal_set(&error, statuses[i], (const char *)input->data, input->len);
        fuzz_require_error(&error);
        fuzz_require(error.http_status == statuses[i]);
    }
    refusal_has_code((const char *)input->data, input->len, "DIGEST_INVALID");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data + 1, size - 1};
    cleanup_free char *text = NULL;

    if (size == 0)
        return 0;
    if (*data == 'w') {
        fuzz_challenges(input);
    } else if (*data == 't') {
        fuzz_token(&input);
    } else if (*data == 'e') {
        fuzz_refusal(&input);
    } else if (*data == 'r' || *data == 'l') {
        text = fuzz_next_text(&input, NULL);
        (*data == 'r' ? fuzz_ranges : fuzz_location)(text);
    }
    return 0;
}
