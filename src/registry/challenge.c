// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"
#include "http/secret.h"

#define ALPHA_DIGIT "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char spaces[] = " \t";
static const char token_characters[] = ALPHA_DIGIT "!#$%&'*+-.^_`|~";
static const char token68_characters[] = ALPHA_DIGIT "-._~+/";

static void challenge_done(struct challenge *challenge)
{
    free(challenge->scheme);
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    *challenge = (struct challenge){0};
}

static void truncate_list(struct challenge_list *list, size_t count)
{
    while (list->count > count)
        challenge_done(&list->items[--list->count]);
}

void challenge_list_done(struct challenge_list *list)
{
    truncate_list(list, 0);
}

static void skip(const char **at, const char *characters)
{
    *at += strspn(*at, characters);
}

/* token68 stands alone: nothing but a comma or the end comes behind it. */
static void skip_token68(const char **at)
{
    const char *end = *at + strspn(*at, token68_characters);

    skip(&end, "=");
    skip(&end, spaces);
    if (*end == '\0' || *end == ',')
        *at = end;
}

/* A quoted-string from its first quote on; NULL: it does not end. */
static char *parse_quoted(const char **at)
{
    cleanup_free char *text = xcalloc(strlen(*at) + 1, 1);
    size_t len = 0;

    for (const char *c = *at + 1; *c; c++) {
        if (*c == '"') {
            *at = c + 1;
            return steal(text);
        }
        if (*c == '\\' && c[1])
            c++;
        text[len++] = *c;
    }
    return NULL;
}

/* Not only a token as the grammar wants it: "Basic realm=/" and unquoted URLs are seen. */
static char *parse_unquoted(const char **at)
{
    size_t len = strcspn(*at, ", \t");
    char *text = xstrndup(*at, len);

    *at += len;
    return text;
}

/* Where a parameter is kept; NULL: it does not matter. */
static char **find_field(struct challenge *challenge, const char *name, size_t name_len)
{
    if (name_len == 5 && strncasecmp(name, "realm", name_len) == 0)
        return &challenge->realm;
    if (name_len == 7 && strncasecmp(name, "service", name_len) == 0)
        return &challenge->service;
    if (name_len == 5 && strncasecmp(name, "scope", name_len) == 0)
        return &challenge->scope;
    return NULL;
}

/* From the "=" behind a parameter's name on. `challenge`: whose it is; NULL: nobody's. */
static int parse_parameter(struct challenge *challenge, const char *name, size_t name_len,
                           const char **at)
{
    char **field = challenge ? find_field(challenge, name, name_len) : NULL;
    cleanup_free char *value = NULL;

    ++*at;
    skip(at, spaces);
    value = **at == '"' ? parse_quoted(at) : parse_unquoted(at);
    if (!value)
        return -1;
    if (field && !*field)
        *field = steal(value);
    return 0;
}

static struct challenge *add_challenge(struct challenge_list *list, const char *scheme, size_t len)
{
    struct challenge *challenge;

    if (list->count == CHALLENGES_MAX)
        return NULL;
    challenge = &list->items[list->count++];
    challenge->scheme = xstrndup(scheme, len);
    return challenge;
}

/* A comma separates both challenges and parameters: only the "=" tells one from the other. */
static int parse_all(struct challenge_list *list, const char *at)
{
    struct challenge *challenge = NULL;
    bool has_scheme = false;

    for (;;) {
        const char *word;
        size_t len;

        skip(&at, ", \t");
        if (*at == '\0')
            return 0;
        word = at;
        skip(&at, token_characters);
        len = (size_t)(at - word);
        skip(&at, spaces);
        if (len == 0 || (*at == '=' && !has_scheme))
            return -1;
        if (*at == '=') {
            if (parse_parameter(challenge, word, len, &at))
                return -1;
        } else {
            challenge = add_challenge(list, word, len);
            has_scheme = true;
            skip_token68(&at);
        }
    }
}

int challenge_parse(struct challenge_list *list, const char *header)
{
    size_t count = list->count;

    if (parse_all(list, header) == 0)
        return 0;
    truncate_list(list, count);
    return -1;
}

const struct challenge *challenge_find(const struct challenge_list *list, const char *scheme)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->items[i].scheme, scheme) == 0)
            return &list->items[i];
    return NULL;
}

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
