// SPDX-License-Identifier: Apache-2.0
#include "registry/token.h"

#include "base/json.h"
#include "base/memory.h"
#include "http/secret.h"

static int parse_lifetime(const json_t *value)
{
    double seconds;

    if (!json_is_number(value))
        return TOKEN_DEFAULT_LIFETIME_S;
    seconds = json_number_value(value);
    if (seconds <= 0)
        return 0;
    return seconds > TOKEN_MAX_LIFETIME_S ? TOKEN_MAX_LIFETIME_S : (int)seconds;
}

/* Goes into a header as it is: it must not end the line. */
static int is_header_text(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return 0;
    return *text != '\0';
}

int token_parse(char **token, int *lifetime_s, const char *answer, size_t len, struct error *error)
{
    cleanup(secret_json_freep) json_t *json = json_loadb(answer, len, 0, NULL);
    const char *text = json_get_nonempty(json, "token");

    if (!text)
        text = json_get_text(json, "access_token");
    if (!text)
        return error_set(error, ERROR_FAILED, "the answer has no token");
    if (!is_header_text(text))
        return error_set(error, ERROR_FAILED, "the token in the answer has illegal characters");
    *token = xstrdup(text);
    *lifetime_s = parse_lifetime(json_object_get(json, "expires_in"));
    return 0;
}
